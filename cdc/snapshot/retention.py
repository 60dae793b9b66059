"""Which snapshots are kept and which go, each with the reason. Pure.

A minute's rhythm makes 43,200 files a month, so they are thinned with age; but no rule may take the last good
ones, whatever the clock says or however small the limit is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from cdc.snapshot.names import number_of

MINIMUM: Final = 3
"""Newest verified backups that always stay."""
ALL_FOR: Final = timedelta(hours=1)
HOURLY_FOR: Final = timedelta(days=1)
"""Ages up to which thinning leaves every backup, and then one for each hour; beyond that one for each day."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A snapshot as far as its keeping goes.

    Attributes:
        name: tells it apart.
        created_at: when it was made.
        size_bytes: what it takes.
        backup: whether it is a full backup, which there are many of, and not a file that somebody asked for.
        verified: whether it was found whole.
        pinned: whether a person wants it kept.
        in_use: whether somebody reads it right now.
        suspect: whether it is damaged or not ours; then it is not for us to remove.
    """

    name: str
    created_at: datetime
    size_bytes: int
    backup: bool = True
    verified: bool = True
    pinned: bool = False
    in_use: bool = False
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What is to be kept: days, bytes in all (None: no limit), and whether backups are thinned with age."""

    days: int = 30
    max_bytes: int | None = None
    thinning: bool = True
    minimum: int = MINIMUM


@dataclass(slots=True)
class Decision:
    """What stays and what goes, by name with the reason; `over_bytes` is what no rule could take off the limit."""

    keep: dict[str, str] = field(default_factory=dict)
    remove: dict[str, str] = field(default_factory=dict)
    over_bytes: int = 0


def _age(snapshot: Candidate) -> tuple[datetime, int, str]:
    """Orders snapshots by when they were made, those of one second by their numbers."""
    return snapshot.created_at, number_of(snapshot.name), snapshot.name


def decide(snapshots: Collection[Candidate], policy: Policy, now: datetime) -> Decision:
    """Decide on every snapshot.

    Args:
        snapshots: all that are there, in any order.
        policy: the rules.
        now: the time.
    """
    newest_first = sorted(snapshots, key=_age, reverse=True)
    held = _held(newest_first, policy)
    kept_by_age = _thinned(newest_first, now) if policy.thinning else {}
    decision = Decision()
    for each in newest_first:
        if (reason := held.get(each.name)) is not None:
            decision.keep[each.name] = reason
        elif now - each.created_at > timedelta(days=policy.days):
            decision.remove[each.name] = f"older than {policy.days} days"
        elif policy.thinning and each.backup and each.name not in kept_by_age:
            decision.remove[each.name] = "thinned: another one of its hour or day is kept"
        else:
            decision.keep[each.name] = kept_by_age.get(each.name, f"younger than {policy.days} days")
    _shrink(decision, newest_first, held, policy)
    return decision


def _held(newest_first: Iterable[Candidate], policy: Policy) -> dict[str, str]:
    """Those that no rule may take."""
    held: dict[str, str] = {}
    good = [each for each in newest_first if each.backup and each.verified and not each.suspect]
    unproved = [each for each in newest_first if each.backup and not each.suspect]
    for each in good or unproved:
        if len(held) == max(policy.minimum, 1):
            break
        newest = f"one of the {max(policy.minimum, 1)} newest verified"
        held[each.name] = newest if good else "nothing better is there"
    for each in newest_first:
        if each.pinned:
            held[each.name] = "pinned"
        elif each.in_use:
            held[each.name] = "in use"
        elif each.suspect:
            held[each.name] = "damaged or not ours: for a person to look at"
    return held


def _thinned(newest_first: Iterable[Candidate], now: datetime) -> dict[str, str]:
    """The backups that thinning leaves: of each hour or day the newest verified one, else the newest."""
    backups = [each for each in newest_first if each.backup and not each.suspect]
    days: dict[date, Candidate] = {}
    hours: dict[tuple[date, int], Candidate] = {}
    for each in sorted(backups, key=lambda one: not one.verified):
        at = each.created_at.astimezone(UTC)
        days.setdefault(at.date(), each)
        hours.setdefault((at.date(), at.hour), each)
    kept = {each.name: "the newest of its day" for each in days.values()}
    kept |= {
        each.name: "the newest of its hour" for each in hours.values() if now - each.created_at <= HOURLY_FOR
    }
    return kept | {each.name: "younger than an hour" for each in backups if now - each.created_at <= ALL_FOR}


def _shrink(
    decision: Decision, newest_first: Collection[Candidate], held: Collection[str], policy: Policy
) -> None:
    """Take the oldest off until the rest fits."""
    if policy.max_bytes is None:
        return
    total = sum(each.size_bytes for each in newest_first if each.name in decision.keep)
    for each in reversed(list(newest_first)):
        if total <= policy.max_bytes:
            break
        if each.name in decision.keep and each.name not in held:
            del decision.keep[each.name]
            decision.remove[each.name] = f"beyond {policy.max_bytes} bytes in all"
            total -= each.size_bytes
    decision.over_bytes = max(0, total - policy.max_bytes)
