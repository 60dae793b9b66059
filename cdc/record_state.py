"""How any record stands: synced, on its way, in conflict or decided; nothing is kept per synced record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cdc.model import Resolution, Side
from cdc.session import Connection
from triggers.statements import statement


class State(StrEnum):
    """A record's state; of two sides' the one that comes first here counts."""

    CONFLICT = "CONFLICT"
    PENDING = "PENDING"
    RESOLVED = "RESOLVED"
    SYNCED = "SYNCED"


@dataclass(frozen=True, slots=True)
class RecordState:
    """A record's state, and since when where that is known; the rest is about its last conflict."""

    state: State
    since: datetime | None = None
    detected_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: Resolution | None = None
    resolved_by: str | None = None


async def record_state(
    main: Connection, backup: Connection, entity: str, entity_id: str
) -> RecordState | None:
    """Say how a record stands on both sides together.

    A record that neither side has, of a table that is synced, is SYNCED: both sides agree that it is not there.

    Args:
        main: to MAIN.
        backup: to BACKUP.
        entity: the table, in the contract's form.
        entity_id: the record's key, in the contract's form.

    Returns:
        None where no such table is synced.
    """
    found = []
    for side, here, there in ((Side.MAIN, main, backup), (Side.BACKUP, backup, main)):
        position = await there.fetchrow(statement("observe_position", "cdc"), side.value)
        applied = position["seen"] if position is not None else None
        row = await here.fetchrow(statement("record_state", "cdc"), entity, entity_id, applied)
        if row is not None:
            decided = Resolution(row["resolution"]) if row["resolution"] else None
            found.append(
                RecordState(
                    State(row["state"]),
                    row["since"],
                    row["detected_at"],
                    row["resolved_at"],
                    decided,
                    row["resolved_by"],
                )
            )
    order = list(State)
    return min(found, key=lambda each: order.index(each.state)) if found else None
