"""Compares both sides' rows of keys whose content alone could not tell whether the sides agree.

Content cannot see A -> B -> A: a key met as already there, or missing at a delete, or decided by a policy
may be different on the two sides although every change was answered. Once both links have passed the point
where it was met, both live rows are read, and once both links have passed that reading, again. Where no
application has written the row since, nothing is under way that could change it: equal, done, and an open conflict
of the key has CONVERGED; different, it is a conflict. tests/system/row_model.py tries every order of events.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import asyncpg

from cdc import records
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.faults import Blame, judge
from cdc.model import ConflictStatus, ConflictType, Entity, Side
from cdc.pairing import Pair, Row
from cdc.position import Seen
from cdc.records import Entry
from cdc.target import Target, lock_position
from triggers.statements import statement

LIMIT: Final = 200


class Finding(Enum):
    """What comparing a key once led to."""

    EQUAL = auto()
    WAIT = auto()
    ARM = auto()
    DIFFERENT = auto()


@dataclass(frozen=True, slots=True)
class Readings:
    """The first comparison's two images; None where there was none yet."""

    here: str | None
    there: str | None
    armed: bool


def find(earlier: Readings, here: Row, there: Row) -> Finding:
    """Judge a key's two rows, read after both links had passed the points that were waited for. Pure.

    Even equal rows say nothing the first time: a change still under way may be about to part them.
    """
    if not earlier.armed or (earlier.here, earlier.there) != (here.common, there.common):
        return Finding.ARM
    return Finding.EQUAL if here.common == there.common else Finding.DIFFERENT


def passed(row: asyncpg.Record, reverse: Seen | None, forward: Seen | None) -> bool:
    """Whether the other side has applied all this side had done, and this side all of the other's."""
    if reverse is not None and not reverse.covers(Seen.parse(row["here_seen"])):
        return False
    if row["there_seen"] is None or forward is None:
        return True
    return forward.covers(Seen.parse(row["there_seen"]))


@dataclass(slots=True)
class Round:
    """What going once through a side's list led to. `stale`: a table was not what it was thought to be."""

    waiting: int = 0
    opened: list[tuple[Entity, str]] = field(default_factory=list)
    stale: bool = False


async def waiting_keys(here: Target, without: Collection[str] = ()) -> list[asyncpg.Record]:
    """The keys that a side has on its list, the longest waiting first; `without` these tables'."""
    return await here.connection.fetch(statement("recheck_list", "cdc"), LIMIT, list(without))


async def recheck_side(
    side: Side,
    here: Target,
    rows: Sequence[asyncpg.Record],
    pairs: Map[str, Pair],
    *,
    reverse: Seen | None,
    forward: Seen | None,
    automatic: Callable[[Entity], bool],
) -> Round:
    """Go once through the list that `side` keeps.

    Args:
        side: whose list.
        here: that side's session, as in the pairs.
        rows: the list, of `waiting_keys`.
        pairs: the tables by entity; keys of a table that is synced no longer leave the list.
        reverse: what the other side has applied of this one, None when nothing is synced that way.
        forward: what this side has applied of the other.
        automatic: whether a table's policy is to be asked about its conflicts.
    """
    result = Round()
    for row in rows:
        pair = pairs.get(row["entity"])
        finding = Finding.WAIT
        if pair is None:
            await _remove(here.connection, row)
            continue
        if passed(row, reverse, forward):
            try:
                finding = await _compare(side, pair, row, automatic=automatic(pair.entity))
            except (SchemaMismatch, asyncpg.PostgresError) as error:
                if isinstance(error, asyncpg.PostgresError) and judge(error.sqlstate).blame is Blame.LINK:
                    raise
                result.stale = True
        if finding is Finding.DIFFERENT:
            result.opened.append((pair.entity, row["entity_id"]))
        elif finding is not Finding.EQUAL:
            result.waiting += 1
    return result


async def _compare(side: Side, pair: Pair, row: asyncpg.Record, *, automatic: bool) -> Finding:
    here, there = await pair.read(row["entity_id"])
    earlier = Readings(row["here_image"], row["there_image"], armed=row["there_seen"] is not None)
    finding = find(earlier, here, there)
    if finding is not Finding.ARM and await pair.touched(
        row["entity_id"], row["here_seen"], row["there_seen"]
    ):
        finding = Finding.ARM
    match finding:
        case Finding.EQUAL:
            for target in (pair.here, pair.there):
                await target.connection.execute(
                    statement("sync_state_converged", "cdc"), row["entity"], row["entity_id"]
                )
            await _remove(pair.here.connection, row)
        case Finding.ARM:
            await pair.here.connection.execute(
                statement("recheck_arm", "cdc"),
                row["entity"],
                row["entity_id"],
                str(here.seen),
                here.common,
                str(there.seen),
                there.common,
                row["here_seen"],
            )
        case Finding.DIFFERENT:
            return await _open(side, pair, row, here, there, automatic=automatic)
        case Finding.WAIT:
            pass
    return finding


async def _open(
    side: Side, pair: Pair, row: asyncpg.Record, here: Row, there: Row, *, automatic: bool
) -> Finding:
    """Open a conflict for a key that is different for good; a live entry is given both rows as they are."""
    live = [
        await target.connection.fetchrow(statement("sync_state_live", "cdc"), row["entity"], row["entity_id"])
        for target in (pair.here, pair.there)
    ]
    if any(entry is not None and entry["status"] == ConflictStatus.DEFERRED for entry in live):
        return Finding.WAIT
    if any(entry is not None for entry in live):
        for target, own, other in ((pair.here, here, there), (pair.there, there, here)):
            images = records.dump(other.image), records.dump(own.image)
            await target.connection.execute(
                statement("sync_state_versions", "cdc"), row["entity"], row["entity_id"], *images
            )
        await _remove(pair.here.connection, row)
        return Finding.EQUAL
    with contextlib.suppress(PositionBusy):
        return await _record(side, pair, row, here, there, automatic=automatic)
    return Finding.WAIT


async def _record(
    side: Side, pair: Pair, row: asyncpg.Record, here: Row, there: Row, *, automatic: bool
) -> Finding:
    async with pair.here.connection.transaction():
        if await lock_position(pair.here.connection, side.other) is None:
            return Finding.WAIT
        # A row that was put off may have been written, and its entry ended, since we read it.
        if (await pair.read(row["entity_id"]))[0].common != here.common:
            return Finding.WAIT
        await records.record(
            pair.here.connection,
            Entry(
                side.other,
                pair.entity,
                row["entity_id"],
                _type(here, there),
                ConflictStatus.OPEN,
                base=None,
                incoming=there.image,
                current=here.image,
                reason=row["reason"],
                automatic=automatic,
            ),
        )
        await _remove(pair.here.connection, row)
    return Finding.DIFFERENT


def _type(here: Row, there: Row) -> ConflictType:
    if there.image is None:
        return ConflictType.DELETE_ORIGIN_DIFFERS
    return ConflictType.UPDATE_MISSING if here.image is None else ConflictType.UPDATE_ORIGIN_DIFFERS


async def _remove(connection: asyncpg.Connection[asyncpg.Record], row: asyncpg.Record) -> None:
    await connection.execute(
        statement("recheck_remove", "cdc"), row["entity"], row["entity_id"], row["here_seen"]
    )
