"""Changes recorded by key only, because their row's text would be too large: put off until the row is fetched.

While a key waits, everything else that comes of it is passed over: the row that is fetched in the end holds it all.
The entry in cdc.sync_state that a key waits in is told from others by what it settles (`subsumed`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from cdc import records
from cdc.change import Change
from cdc.execution import Prepared
from cdc.images import join_key, parse_row
from cdc.mapping import Mapping
from cdc.model import Entity, Side
from cdc.pausing import pause
from cdc.session import Connection
from cdc.target import Target
from cdc.undone import LOCKED, Outcome
from triggers.statements import statement

WAITING: Final = "the row is too large to be recorded whole; it is fetched from the other side"
SHARE: Final = 20
"""A row that cannot be written yet is fetched again after so many times the time that it took."""


async def put_off(target: Target, source: Side, item: Prepared) -> Outcome:
    """Put the keys of one table's changes off, inside the open transaction.

    A key that is in an open conflict stays in it; both rows are looked at again.

    Raises:
        asyncpg.PostgresError: a key is no value of the target's type.
    """
    *_, images = item.part.arguments()
    rows = await target.connection.fetch(item.mapping.key_names, images)
    ids = list(dict.fromkeys(row["entity_id"] for row in rows))
    return await put_off_keys(target.connection, source, item.mapping.entity, ids)


async def put_off_as_printed(target: Target, source: Side, mapping: Mapping, change: Change) -> Outcome:
    """Put a key off that the target cannot read, by the name its source would give it."""
    texts = [text or "" for text in parse_row(change.new or "()")]
    return await put_off_keys(target.connection, source, mapping.entity, [join_key(texts)])


async def put_off_keys(connection: Connection, source: Side, entity: Entity, ids: Sequence[str]) -> Outcome:
    """Put keys off by their names, inside the open transaction."""
    rows = await connection.fetch(statement("by_key_put_off", "cdc"), source, str(entity), list(ids), WAITING)
    met = [row["entity_id"] for row in rows]
    await records.recheck(connection, entity, met, "changed while in conflict")
    return Outcome(conflicts=len(met), deferred=len(ids) - len(met), rechecks=len(met))


async def later(target: Target, row: asyncpg.Record, why: str, took_s: float) -> Outcome:
    """Have an entry's row fetched later, after a try that took so many seconds."""
    # A lock may be gone in a moment, and whether it is still there is asked before anything is read again.
    seconds = max(pause(row["tries"]), took_s) if why == LOCKED else pause_of_try(row["tries"], took_s)
    await target.connection.execute(statement("by_key_later", "cdc"), row["id"], why, seconds, row["version"])
    return Outcome(deferred=1)


def pause_of_try(tries: int, took_s: float) -> float:
    """Seconds until a row is fetched again, so that fetching never takes much of the time."""
    return max(pause(tries), SHARE * took_s)
