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
from typing import Final, TypeAlias

import asyncpg

from cdc import records
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.faults import Blame, judge
from cdc.finding import Finding, Readings, Row, difference, find, passed
from cdc.model import ConflictStatus, Entity, Side
from cdc.pairing import MOST_BYTES, Pair
from cdc.position import Seen
from cdc.records import Entry
from cdc.session import Connection
from cdc.target import Target, lock_position
from cdc.twin import Twin
from triggers.statements import statement

LIMIT: Final = 1_000
"""Keys of a side's list looked at in one go."""


@dataclass(slots=True)
class Round:
    """What going once through a side's list led to. `stale`: a table was not what it was thought to be."""

    waiting: int = 0
    opened: list[tuple[Entity, str]] = field(default_factory=list)
    stale: bool = False


async def waiting_keys(here: Target, without: Collection[str] = ()) -> list[asyncpg.Record]:
    """The keys that a side has on its list, the longest waiting first; `without` these tables'."""
    sql = statement("recheck_list", "cdc")
    return await here.connection.fetch(sql, LIMIT, list(without), MOST_BYTES)


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
    """Go once through the list that `side` keeps, table by table.

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
    tables: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        tables.setdefault(row["entity"], []).append(row)
    for entity, listed in tables.items():
        pair = pairs.get(entity)
        if pair is None:
            await _remove(here.connection, listed)
            continue
        due = [row for row in listed if passed(row["here_seen"], row["there_seen"], reverse, forward)]
        found = dict.fromkeys((row["entity_id"] for row in listed), Finding.WAIT)
        if due:
            comparison = _Comparison(side, pair, automatic(pair.entity))
            found |= await comparison.run(due)
            result.stale = result.stale or comparison.stale
        result.opened += [(pair.entity, each) for each in found if found[each] is Finding.DIFFERENT]
        result.waiting += sum(1 for each in found.values() if each in {Finding.WAIT, Finding.ARM})
    return result


@dataclass(slots=True)
class _Comparison:
    """Compares keys of one table of a side's list, as sets; a key that cannot be read spoils no other."""

    side: Side
    pair: Pair
    automatic: bool
    stale: bool = False

    async def run(self, rows: Sequence[asyncpg.Record]) -> dict[str, Finding]:
        """What comparing some keys led to, by entity id; what is not in it waits."""
        found: dict[str, Finding] = {}
        left = list(rows)
        try:
            while left:
                read = await self.pair.read([row["entity_id"] for row in left])
                found |= await self._compare(left[: len(read)], read)
                left = left[len(read) :]
        except (SchemaMismatch, ValueError, asyncpg.PostgresError) as error:
            blame = judge(error.sqlstate).blame if isinstance(error, asyncpg.PostgresError) else None
            if blame is Blame.LINK:
                raise
            if len(left) == 1 or blame is Blame.LOCK:
                self.stale = self.stale or blame is not Blame.LOCK
                return found
            middle = len(left) // 2
            found |= await self.run(left[:middle]) | await self.run(left[middle:])
        return found

    async def _compare(
        self, rows: Sequence[asyncpg.Record], read: Sequence[tuple[Row, Row]]
    ) -> dict[str, Finding]:
        found = {}
        for row, (here, there) in zip(rows, read, strict=True):
            earlier = Readings(row["here_image"], row["there_image"], armed=row["there_seen"] is not None)
            found[row["entity_id"]] = find(earlier, here, there)
        for each in await self._touched([row for row in rows if found[row["entity_id"]] is not Finding.ARM]):
            found[each] = Finding.ARM
        items = [(row, *both) for row, both in zip(rows, read, strict=True)]
        await self._end([row for row in rows if found[row["entity_id"]] is Finding.EQUAL])
        await self._arm([item for item in items if found[item[0]["entity_id"]] is Finding.ARM])
        different = [item for item in items if found[item[0]["entity_id"]] is Finding.DIFFERENT]
        return found | await self._open(different)

    async def _touched(self, rows: Sequence[asyncpg.Record]) -> set[str]:
        """Keys that an application wrote since they were read; those read together are looked up together."""
        moments: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            moments.setdefault((row["here_seen"], row["there_seen"]), []).append(row["entity_id"])
        found: set[str] = set()
        for (here, there), ids in moments.items():
            found |= await self.pair.touched(ids, here, there)
        return found

    async def _end(self, rows: Sequence[asyncpg.Record]) -> None:
        """Both sides hold the same: their open conflicts have converged."""
        if rows:
            ids = [row["entity_id"] for row in rows]
            for target in (self.pair.here, self.pair.there):
                await target.connection.execute(
                    statement("sync_state_converged", "cdc"), str(self.pair.entity), ids
                )
        await _remove(self.pair.here.connection, rows)

    async def _arm(self, items: Sequence[_Item]) -> None:
        """Remember rows, to compare them once more; all of them were read in one go."""
        if items:
            _, here, there = items[0]
            await self.pair.here.connection.execute(
                statement("recheck_arm", "cdc"),
                str(self.pair.entity),
                str(here.seen),
                str(there.seen),
                [row["entity_id"] for row, _, _ in items],
                [own.common for _, own, _ in items],
                [other.common for _, _, other in items],
                [row["here_seen"] for row, _, _ in items],
            )

    async def _open(self, items: Sequence[_Item]) -> dict[str, Finding]:
        """Open conflicts for keys that are different for good; live entries are given both rows as they are."""
        if not items:
            return {}
        ids = [row["entity_id"] for row, _, _ in items]
        live, put_off = set[str](), set[str]()
        for target in (self.pair.here, self.pair.there):
            sql = statement("sync_state_live", "cdc")
            for entry in await target.connection.fetch(sql, str(self.pair.entity), ids):
                live.add(entry["entity_id"])
                if entry["status"] == ConflictStatus.DEFERRED:
                    put_off.add(entry["entity_id"])
        known = [item for item in items if item[0]["entity_id"] in live - put_off]
        names = [row["entity_id"] for row, _, _ in known]
        here = [(there.image, here.image) for _, here, there in known]
        there = [(current, incoming) for incoming, current in here]
        await records.versions(self.pair.here.connection, self.pair.entity, names, here)
        await records.versions(self.pair.there.connection, self.pair.entity, names, there)
        await _remove(self.pair.here.connection, [row for row, _, _ in known])
        found = dict.fromkeys(put_off, Finding.WAIT)
        found |= dict.fromkeys((row["entity_id"] for row, _, _ in known), Finding.EQUAL)
        with contextlib.suppress(PositionBusy):
            opened = await self._record([item for item in items if item[0]["entity_id"] not in live])
            return found | opened
        return dict.fromkeys(ids, Finding.WAIT) | found

    async def _record(self, items: Sequence[_Item]) -> dict[str, Finding]:
        if not items:
            return {}
        connection, ids = self.pair.here.connection, [row["entity_id"] for row, _, _ in items]
        connections = {self.side: connection, self.side.other: self.pair.there.connection}
        async with Twin(connections):
            # Whoever decides holds both until both sides have it.
            positions = {side: await lock_position(connections[side], side.other) for side in Side}
            if positions[self.side] is None:
                return dict.fromkeys(ids, Finding.WAIT)
            # A row may have been decided, or was put off and written, and its entry ended, since we read it.
            again = await self.pair.read(ids)
            stayed = [
                (row, here, there)
                for (row, here, there), now in zip(items, again, strict=False)
                if find(Readings(here.common, there.common, armed=True), *now) is Finding.DIFFERENT
            ]
            await records.record_all(connection, [self._entry(*item) for item in stayed])
            await _remove(connection, [row for row, _, _ in stayed])
        opened = {row["entity_id"] for row, _, _ in stayed}
        return {each: Finding.DIFFERENT if each in opened else Finding.WAIT for each in ids}

    def _entry(self, row: asyncpg.Record, here: Row, there: Row) -> Entry:
        return Entry(
            self.side.other,
            self.pair.entity,
            row["entity_id"],
            difference(here, there),
            ConflictStatus.OPEN,
            base=None,
            incoming=there.image,
            current=here.image,
            reason=row["reason"],
            automatic=self.automatic,
        )


_Item: TypeAlias = "tuple[asyncpg.Record, Row, Row]"
"""A key of the list, with its row here and there."""


async def _remove(connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
    """Take keys of one table off a side's list."""
    if rows:
        await connection.execute(
            statement("recheck_remove", "cdc"),
            rows[0]["entity"],
            [row["entity_id"] for row in rows],
            [row["here_seen"] for row in rows],
        )
