"""What is wrong or worth knowing, each with what to do about it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from cdc.config import CHOOSE
from cdc.model import Side
from cdc.observe import ChangelogFacts
from server.health import LinkState
from server.observation import Observation
from server.rhythm import Rhythm
from server.settings import Settings

SHOWN_KINDS = 5
"""Tables and types of conflicts that the problem names."""
LINK_NAMES = {Side.MAIN: "MAIN_TO_BACKUP", Side.BACKUP: "BACKUP_TO_MAIN"}
LARGE_CHANGELOG = 1024**3
OLD_CHANGELOG = 24 * 3600.0
"""Bytes and seconds from which a changelog that waits is worth a warning."""

Problem = dict[str, str]
Links = Mapping[Side, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that a status mentions."""

    enabled: bool
    two_way: bool
    interval_ms: int
    max_failures: int
    rhythm: Rhythm = field(default_factory=Rhythm)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read them from the settings."""
        return cls(
            enabled=settings.enable_backup_service,
            two_way=settings.enable_two_way_sync,
            interval_ms=settings.sync_interval_ms,
            max_failures=settings.sync_max_failures,
            rhythm=Rhythm.of(settings),
        )

    @property
    def sides(self) -> tuple[Side, ...]:
        """The source sides of the links that are to run."""
        return tuple(Side) if self.two_way else (Side.MAIN,)


def problems(
    rules: Rules, seen: Observation, service: Mapping[str, Any] | None, links: Links
) -> Iterator[Problem]:
    """Go through everything that can be wrong, the worst first.

    Args:
        rules: the settings.
        seen: what the databases told.
        service: what the working service says of itself; None where none works.
        links: the links as the status shows them.
    """
    for side, error in seen.errors.items():
        yield problem(
            f"database-away:{side}", "error", error, f"Check that {side} runs and that its URL is right."
        )
    yield from _not_working(rules, seen, service)
    for side in rules.sides if rules.enabled and service is not None else ():
        yield from _link_problems(side, links[side], live(side, service))
    for side in rules.sides:
        yield from _waiting(side, seen)
    if seen.decisions is not None and (note := seen.decisions.direction) is not None:
        yield problem(
            "direction-needed",
            "warning",
            f"nothing is synced since {time_text(note.at)}: {note.reason}",
            f"{CHOOSE[0].upper()}{CHOOSE[1:]}.",
        )
    yield from _first_contact(seen, (service or {}).get("undecided"))
    if seen.open_conflicts:
        count = "1 conflict is" if seen.open_conflicts == 1 else f"{seen.open_conflicts} conflicts are"
        kinds = f" ({_kinds(seen)})" if seen.open_conflicts > 1 and seen.conflicts is not None else ""
        yield problem(
            "conflicts-open",
            "warning",
            f"{count} open{kinds}; both versions are kept",
            "Look with `cdc conflicts`, decide with `cdc resolve ENTITY ID MAIN|BACKUP|MERGE`.",
        )
    for side, changelog in seen.changelogs.items():
        yield from _changelog_problems(side, rules, changelog)


def _kinds(seen: Observation) -> str:
    """The open conflicts by table and type, the most frequent first."""
    records = seen.conflicts.records if seen.conflicts is not None else {}
    counts = Counter(f"{entity} {kind}" for (entity, _), kind in records.items())
    shown = [f"{name} {count}" for name, count in counts.most_common(SHOWN_KINDS)]
    return ", ".join(shown + (["..."] if len(counts) > SHOWN_KINDS else []))


def problem(name: str, severity: str, message: str, hint: str) -> Problem:
    """Make a problem as the status shows it.

    Args:
        name: says which problem it is, in all documents for as long as it lasts: a word for the kind and, after
            a colon, what it is about (`changelog-large:MAIN`). Alerts and the dashboard go by it.
        severity: error, warning or info.
        message: what is wrong.
        hint: what to do about it.
    """
    return {"id": name, "severity": severity, "message": message, "hint": hint}


def live(side: Side, service: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Give what the working service says of one link; empty where none works."""
    links: Mapping[str, Mapping[str, Any]] = (service or {}).get("links", {})
    return links.get(LINK_NAMES[side], {})


def time_text(at: datetime | None) -> str | None:
    """Write a time as the contract does: ISO 8601 in UTC, with milliseconds."""
    return (
        None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _not_working(rules: Rules, seen: Observation, service: Mapping[str, Any] | None) -> Iterator[Problem]:
    if not rules.enabled:
        yield problem(
            "service-disabled",
            "info",
            "ENABLE_BACKUP_SERVICE is false: nothing is synced, changes are captured and kept",
            "Set ENABLE_BACKUP_SERVICE=true and start the service again.",
        )
    elif service is None:
        yield problem(
            "service-not-running",
            "warning",
            "the service is not running: nothing is synced",
            "Start it with `cdc run`.",
        )
    for side, node in seen.nodes.items():
        if not node.installed:
            yield problem(
                f"not-installed:{side}",
                "warning",
                f"{side}: schema cdc is not installed, nothing is captured",
                "`cdc install-triggers`",
            )


def _link_problems(side: Side, link: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[Problem]:
    if not told:
        return  # the service is starting, nothing has run yet that could have stopped
    hint = str(told.get("hint") or "Mend the cause")
    if link["state"] == LinkState.STOPPED.value:
        by_itself = "it goes on by itself once the database is back"
        again = by_itself if told.get("connectivity") else "then `cdc resume`"
        what = f"has stopped after {link['consecutiveFailures']} failures: {link['lastError']}"
        yield problem(
            f"link-stopped:{LINK_NAMES[side]}", "error", f"{LINK_NAMES[side]} {what}", f"{hint}; {again}"
        )
    elif link["lastError"]:
        yield problem(
            f"link-failing:{LINK_NAMES[side]}",
            "warning",
            f"{LINK_NAMES[side]} tries again: {link['lastError']}",
            hint,
        )


def _waiting(side: Side, seen: Observation) -> Iterator[Problem]:
    decided = seen.decisions
    if decided is not None and decided.direction is None and side in decided.pauses:
        note = decided.pauses[side]
        what = f"was paused by {note.by or 'somebody'} at {time_text(note.at)}"
        yield problem(f"link-paused:{LINK_NAMES[side]}", "info", f"{LINK_NAMES[side]} {what}", "`cdc resume`")
    facts = seen.links.get(side)
    for entity, reason in sorted(facts.held.items()) if facts else ():
        yield problem(
            f"table-waits:{entity}:{LINK_NAMES[side]}",
            "warning",
            f"{entity} waits on the way {LINK_NAMES[side]}: {reason}",
            "It goes on by itself.",
        )


def _first_contact(seen: Observation, undecided: Mapping[str, str] | None) -> Iterator[Problem]:
    """Say what first contact waits for: the counts that it left, else what the service says of it."""
    notes = [node.first_contact_note for node in seen.nodes.values() if node.first_contact == "choose"]
    choices = (
        "Stop the service and start it with `cdc run --first-contact main` (MAIN's rows count), `backup` "
        "(BACKUP's rows count) or `fill` (only rows that one side lacks are copied)."
    )
    for line in _differences(notes[0]) if notes else ():
        what = f"the two sides differ, nothing is written until you choose: {line}"
        yield problem(f"first-contact:{line.partition(': ')[0]}", "error", what, choices)
    if undecided is not None and not notes:
        yield problem("first-contact", "error", undecided["message"], undecided["hint"] or choices)


def _differences(note: Any) -> list[str]:
    """Put the counts that first contact left behind into words, a line per table."""
    if isinstance(note, Mapping):
        tables = note.get("tables", note)
        if isinstance(tables, Mapping):
            return [f"{table}: {_counts(counts)}" for table, counts in sorted(tables.items())]
        note = tables
    if isinstance(note, list):
        return [_counts(entry) for entry in note]
    return [str(note or "the tables differ")]


def _counts(counts: Any) -> str:
    if isinstance(counts, Mapping):
        return ", ".join(f"{key} {value}" for key, value in counts.items())
    return str(counts)


def _changelog_problems(side: Side, rules: Rules, changelog: ChangelogFacts) -> Iterator[Problem]:
    size, hours = changelog.size / 1024**2, changelog.oldest_seconds / 3600
    grown = changelog.size > LARGE_CHANGELOG or changelog.oldest_seconds > OLD_CHANGELOG
    if grown or not rules.enabled:
        yield problem(
            f"changelog-large:{side}" if grown else f"changelog-kept:{side}",
            "warning" if grown else "info",
            f"{side}: the changelog holds {size:.0f} MiB, its oldest change is {hours:.1f} hours old",
            "It empties as the other side applies it. Where that will not happen: `cdc uninstall-triggers`.",
        )
