"""Gives the target a row of which only the key was recorded, where that overwrites nothing the source has not met.

The row is read in one snapshot of the source, and lies beside the target's tables before anything is locked there.
All changes that the snapshot holds are settled by it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from cdc import records
from cdc.applier import Applier
from cdc.arrival import Arrival, Meeting, Waiting, arrive
from cdc.bring import alone, bring
from cdc.by_key import later
from cdc.change import CapturedTable
from cdc.durability import make_durable
from cdc.execution import Execution, Prepared
from cdc.images import split_key, to_image
from cdc.mapping import Mapping
from cdc.model import ConflictType, Op
from cdc.pairing import key_images, touched
from cdc.renamed import ASTRAY
from cdc.session import Connection
from cdc.target import ShapeMoved, check_marks, lock_position
from cdc.undone import LOCKED, Outcome
from cdc.workset import TableChanges
from triggers.statements import statement

UNMET: Final = "the other side has not met yet what was written here"
BOTH: Final = "both sides wrote the row, which is too large to be recorded whole"
_WAITING: Final = {"OPEN": Waiting.CONFLICT, "DEFERRED": Waiting.CHANGE, "KEY": Waiting.ROW}


async def prepare(applier: Applier, row: asyncpg.Record) -> Fetching | None:
    """Make the mappings that an entry needs, outside of any transaction.

    Raises:
        SchemaMismatch: the target has no such table, or no key like the source's.
        ShapeMoved: the name has gone to another table.
    """
    reader, target, origin = applier.reader, applier.target, applier.origin
    number = reader.number(row["entity"])
    if number is None:
        return None
    shapes = reader.shapes
    await reader.notice_alterations({number})
    if reader.shapes is not shapes:
        await applier.tables.refresh()
    table = reader.known(number)
    if table is None or table.entity not in reader.shapes:
        return None
    if str(table.entity) != row["entity"]:
        # Renamed since names were read: the entry may be of the table that has the name now, or had it then.
        raise ShapeMoved(ASTRAY)
    origin.adopt(reader.shapes)
    columns = origin.own_columns(table.entity)
    here = await target.mapping(table.entity, columns, table.key_columns)
    there = await origin.mapping(table.entity, columns, table.key_columns)
    compared = await origin.mapping(table.entity, target.own_columns(table.entity), table.key_columns)
    await target.mapping(table.entity, target.own_columns(table.entity), table.key_columns)
    return Fetching(applier, row, number, table, here, there, compared)


@dataclass(frozen=True, slots=True)
class _Found:
    """A key's row at the source, in one snapshot of it; `seen` and `applied` are texts of snapshots."""

    seen: str
    applied: str | None
    waiting: Waiting | None
    common: str | None
    rest: str | None = None
    large: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fetching:
    """An entry, its table, and mappings: of the row on either side, and of the source's as it is compared."""

    applier: Applier
    row: asyncpg.Record
    number: int
    table: CapturedTable
    here: Mapping
    there: Mapping
    compared: Mapping

    @property
    def texts(self) -> list[str]:
        """The key's texts.

        Raises:
            ValueError: the id has another number of parts than the key.
        """
        return split_key(self.row["entity_id"], len(self.table.key_columns))

    async def carry_out(self) -> Outcome:
        """Fetch the row and do with it what is to be done."""
        began = time.monotonic()
        connection = self.applier.target.connection
        if not await connection.fetchval(self.here.row_hold, self.texts):
            return await self._later(LOCKED, began)
        found, early = await self._look()
        if early is Arrival.LATER:
            return await self._later(UNMET, began)
        # Only what is durable at the source is applied, and settled.
        await make_durable(self.applier.reader.connection)
        async with self.applier.careful(), connection.transaction():
            target, shape = self.applier.target, self.here.shape
            locked = await lock_position(connection, self.applier.source, [shape.relid])
            if locked is None or not await connection.fetchval(
                statement("by_key_still", "cdc"), self.row["id"]
            ):
                return Outcome()
            check_marks([shape], locked["mark"])
            await connection.execute(f"SET LOCAL lock_timeout = {target.patience.lock_timeout}")
            free = await connection.fetchval(self.here.row_hold, self.texts)
            current = await _read(connection, self.here, self.row)
            if not free:
                return await self._later(LOCKED, began)
            arrival = await self._arrival(found, current["common"])
            if arrival is Arrival.LATER or (arrival is Arrival.WRITE and found.rest is None):
                return await self._later(UNMET, began)
            return await self._settle(found, current["common"], arrival)

    async def _later(self, why: str, began: float) -> Outcome:
        return await later(self.applier.target, self.row, why, time.monotonic() - began)

    async def _look(self) -> tuple[_Found, Arrival]:
        """Read the row at the source; its values only where they seem to be needed."""
        source, target = self.applier.reader.connection, self.applier.target.connection
        async with source.transaction(isolation="repeatable_read"):
            known = await source.fetchrow(
                statement("by_key_origin", "cdc"),
                self.applier.source.other,
                self.row["entity"],
                self.row["entity_id"],
            )
            row = await _read(source, self.compared, self.row)
            current = await _read(target, self.here, self.row)
            if known is None:
                raise LookupError("a statement that always gives one row gave none")
            waiting = _WAITING[known["entry"]] if known["entry"] else None
            found = _Found(known["seen"], known["applied"], waiting, row["common"])
            arrival = await self._arrival(found, current["common"])
            if arrival is Arrival.WRITE:
                rest, large = await bring(self.applier, self.number, self.here, self.there, self.texts)
                found = replace(found, rest=rest, large=large)
        return found, arrival

    async def _arrival(self, found: _Found, current: str | None) -> Arrival:
        same = found.common == current
        met = True
        if not same and found.applied is not None:
            target, ids = self.applier.target, [self.row["entity_id"]]
            own = target.mapped(self.table.entity, target.own_columns(self.table.entity))
            met = not await touched(target, own, ids, found.applied)
        return arrive(Meeting(found.common is not None, same, found.waiting, not met))

    async def _settle(self, found: _Found, current: str | None, arrival: Arrival) -> Outcome:
        connection = self.applier.target.connection
        entity, entity_id = self.row["entity"], self.row["entity_id"]
        outcome = Outcome(applied=1, rechecks=1)
        if arrival is Arrival.CONFLICT:
            await self._conflict(found, current)
            outcome = Outcome(conflicts=1, rechecks=1)
        else:
            if arrival is not Arrival.DONE:
                await self._write(found)
            await connection.execute(statement("by_key_done", "cdc"), self.row["id"], found.seen)
        await records.recheck(connection, entity, [entity_id], "recorded by key only")
        return outcome

    async def _conflict(self, found: _Found, current: str | None) -> None:
        kind = ConflictType.UPDATE_ORIGIN_DIFFERS
        if found.common is None:
            kind = ConflictType.DELETE_ORIGIN_DIFFERS
        elif current is None:
            kind = ConflictType.UPDATE_MISSING
        common = [column.name for column in self.compared.common]
        await self.applier.target.connection.execute(
            statement("by_key_conflict", "cdc"),
            self.row["id"],
            kind,
            BOTH,
            records.dump(to_image(common, found.common)),
            records.dump(to_image(common, current)),
            self.applier.policy(self.table.entity).decides,
        )

    async def _write(self, found: _Found) -> None:
        """Give the target the row as it was brought, or take its own away; keys are checked as for any change."""
        row = await self.applier.target.connection.fetchrow(self.here.row_rest, self.texts)
        old = row["rest"] if row is not None else None
        op = Op.DELETE if found.rest is None else Op.INSERT if old is None else Op.UPDATE
        change = alone(self.number, self.here.columns, op, old, found.rest)
        part = TableChanges(self.number, self.here.columns, [change])
        applier = self.applier
        work = _Writing(
            applier.target, applier.source, applier.policy, live=False, uniform=False, large=found.large
        )
        await work.run([Prepared(part, self.table, self.here)])


async def _read(connection: Connection, mapping: Mapping, row: asyncpg.Record) -> asyncpg.Record:
    """Read an entry's row, its large values shortened."""
    found = await connection.fetchrow(mapping.rows_short, key_images(mapping, [row["entity_id"]]), 1)
    if found is None:
        raise LookupError("a statement that gives a row for each key gave none")
    return found


@dataclass(frozen=True, slots=True)
class _Writing(Execution):
    """Writes one row, whose large values, those of the columns `large`, lie beside it."""

    large: frozenset[str] = frozenset()

    async def _carry_out(self, item: Prepared, *, deletes: bool, writes: bool) -> Sequence[asyncpg.Record]:
        connection, mapping = self.target.connection, item.mapping
        assert isinstance(item.part, TableChanges)  # noqa: S101 - as it was made above
        ((old, new),) = [(change.old, change.new) for change in item.part.changes]
        if not (deletes if new is None else writes):
            return []
        if new is None:
            await connection.execute(mapping.row_delete, old)
        else:
            await connection.execute(mapping.row_given(self.large, present=old is not None), new)
        checked = [
            len(mapping.checked(keys, outgoing=outgoing))
            for outgoing, keys in ((True, mapping.shape.outgoing), (False, mapping.shape.incoming))
        ]
        return await connection.fetch(statement("by_key_written", "cdc"), *checked)
