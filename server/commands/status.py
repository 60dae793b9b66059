"""`cdc status`: both databases, both links and what is wrong, with or without a running service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.text import Text

from server import console
from server.console import Markup
from server.databases import opened
from server.observation import Observation, Observer
from server.problems import Rules
from server.settings import Settings
from server.space import places
from server.status import document

ARROWS = {"MAIN_TO_BACKUP": "MAIN -> BACKUP", "BACKUP_TO_MAIN": "BACKUP -> MAIN"}
SECOND_MS = 1000.0


@click.command()
@console.json_option
def status(*, as_json: bool) -> None:
    """Show both links: state, pending changes, lag, applied, failures, open conflicts, and what is wrong."""
    found = console.finish(_status(console.settings(level="ERROR").settings))
    console.show(found, Group(*_page(found)), as_json=as_json)


async def _status(settings: Settings) -> dict[str, Any]:
    rules = Rules.of(settings)
    async with opened(settings) as databases:
        observer = Observer(databases, places(settings, databases))
        try:
            seen = await observer.look()
        finally:
            await observer.close()
    return document(rules, seen, _service(seen))


def _service(seen: Observation) -> Mapping[str, Any] | None:
    """Give what the working service published; None where no service holds the working lock."""
    working = any(node.working for node in seen.nodes.values())
    if not working or seen.decisions is None:
        return None
    return seen.decisions.service or {}


def _page(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    state = console.coloured(found["state"])
    yield Text.from_markup(f"[bold]cdc {found['version']}[/bold]  {state}")
    yield ""
    databases = found["databases"].items()
    yield console.table(
        "database",
        "connected",
        "PostgreSQL",
        "",
        rows=[
            (side, "yes" if db["connected"] else "no", db["version"], db["error"] or "")
            for side, db in databases
        ],
    )
    yield ""
    yield console.table(
        *("link", "state", "pending", "lag", "applied", "failures", "last applied"),
        rows=[_row(name, link) for name, link in found["sync"]["links"].items()],
    )
    yield ""
    yield from _backups(found["backup"])
    conflicts = found["openConflicts"]
    yield Text.from_markup(f"open conflicts: {'unknown' if conflicts is None else conflicts}")
    for line in console.lines(found["problems"]):
        yield Text.from_markup(line)


def _backups(backup: Mapping[str, Any]) -> Iterator[RenderableType]:
    last, verified = backup["last"], backup["lastVerified"]
    if last is None:
        yield "backups: none yet"
        return
    state = console.coloured(last["status"])
    following = f", the next {backup['next']}" if backup["next"] else ""
    yield Text.from_markup(f"last backup: {state} at {last['finishedAt']}{following}")
    if verified is not None:
        yield f"newest verified: {verified['filepath']}, tested {verified['testedAt'] or 'never'}"


def _row(name: str, link: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        ARROWS[name],
        Markup(console.coloured(link["state"])),
        link["pending"],
        _lag(link["lagMs"]),
        link["appliedTotal"],
        link["consecutiveFailures"],
        link["lastAppliedAt"],
    )


def _lag(milliseconds: float | None) -> str | None:
    if milliseconds is None:
        return None
    return f"{milliseconds:.0f} ms" if milliseconds < SECOND_MS else f"{milliseconds / SECOND_MS:.1f} s"
