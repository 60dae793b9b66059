"""What can be read from the two databases about the links between them, with or without a running service."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdc.clock import Offset, offset
from cdc.model import Side
from cdc.session import Connection
from triggers.statements import statement

MOST_PENDING = 1_000_000
MOST_CONFLICTS = 100_000
"""Where counting stops: status must stay quick when something has grown out of hand."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """One link, as its two databases tell.

    `pending` counts changes that were not read yet, and rows that were put off; capped at MOST_PENDING.
    """

    placed: bool = False
    """Whether the target has a position, that is: first contact is over."""
    pending: int = 0
    lag_ms: float = 0.0
    """Age of the oldest change that waits, by the clock of the server where it does."""
    applied_total: int = 0
    last_applied_at: datetime | None = None
    held: Mapping[str, str] = field(default_factory=dict)
    """Tables that wait, each with the reason."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One database of the pair."""

    version: str
    installed: bool
    side: Side | None = None
    first_contact: str = "pending"
    first_contact_note: Any = None
    working: bool = False
    """Whether a service holds the working lock here (only ever on MAIN)."""
    clock: Offset | None = None
    """How far the server's clock is ahead of ours."""


@dataclass(frozen=True, slots=True)
class ChangelogFacts:
    """Size (bytes, with its index) and age (seconds since the oldest change) of a changelog."""

    size: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Conflicts:
    """The open conflicts: type by entity and entity id, MOST_CONFLICTS of each side at most."""

    mark: str
    records: Mapping[tuple[str, str], str]


async def node(connection: Connection) -> NodeFacts:
    """Read what a database is to us. Works before anything is installed."""
    asked = time.time()
    row = await connection.fetchrow(statement("observe_installed", "cdc"))
    if row is None:
        return NodeFacts(version="", installed=False)
    version, clock = row["version"], offset(asked, row["clock"], time.time())
    own = await connection.fetchrow(statement("observe_node", "cdc")) if row["installed"] else None
    if own is None:
        return NodeFacts(version=version, installed=False, clock=clock)
    return NodeFacts(
        version=version,
        installed=True,
        side=Side(own["side"]),
        first_contact=own["first_contact"],
        first_contact_note=json.loads(own["first_contact_note"] or "null"),
        working=own["working"],
        clock=clock,
    )


async def link_status(
    source: Connection, target: Connection, side: Side, *, upto: str | None = None
) -> LinkFacts:
    """Read how far a link is.

    Args:
        source: to the side the changes come from.
        target: to the side that applies them.
        side: which one the source is.
        upto: a snapshot of the source (text); only changes visible in it are counted as pending, and all that is
            put off, whenever it was written.
    """
    position = await target.fetchrow(statement("observe_position", "cdc"), side.value)
    if position is None:
        return LinkFacts()
    waiting = await source.fetchrow(
        statement("observe_pending", "cdc"),
        position["seen"],
        position["window_to"],
        position["last_seq"],
        MOST_PENDING,
        upto,
    )
    return LinkFacts(
        placed=True,
        pending=min(position["put_off"] + (waiting["pending"] if waiting else 0), MOST_PENDING),
        lag_ms=max(position["put_off_ms"], waiting["lag_ms"] if waiting else 0.0),
        applied_total=position["applied_total"],
        last_applied_at=position["last_applied_at"],
        held=json.loads(position["held"]),
    )


async def moment(source: Connection) -> str:
    """Take a snapshot of what is committed at a source now, as text for `link_status`."""
    return str(await source.fetchval(statement("observe_moment", "cdc")))


async def changelog(connection: Connection) -> ChangelogFacts:
    """Read how large and how old the changelog of a database is."""
    row = await connection.fetchrow(statement("observe_changelog", "cdc"))
    return ChangelogFacts(row["bytes"], row["oldest_seconds"]) if row else ChangelogFacts(0, 0.0)


async def open_conflicts(main: Connection, backup: Connection, known: Conflicts | None = None) -> Conflicts:
    """Read which records have an open conflict, and of what type; one that both sides hold counts once.

    Args:
        main: to MAIN.
        backup: to BACKUP.
        known: what was read before; given back where nothing has changed since, which is cheap to see.
    """
    sides = (main, backup)
    mark = "|".join([str(await each.fetchval(statement("observe_conflict_mark", "cdc"))) for each in sides])
    if known is not None and known.mark == mark:
        return known
    records: dict[tuple[str, str], str] = {}
    known_at: dict[tuple[str, str], datetime] = {}
    for connection in sides:
        for row in await connection.fetch(statement("observe_conflicts", "cdc"), MOST_CONFLICTS):
            key = row["entity"], row["entity_id"]
            if key not in known_at or known_at[key] < row["updated_at"]:
                records[key], known_at[key] = row["type"], row["updated_at"]  # the newer knows better
    return Conflicts(mark, records)
