"""Fills gaps: each side gets the rows that only the other has; rows that differ become open conflicts.

Both sides are locked against writers from before they are compared until they are committed (readers go on),
so that a row that is missing at one instant is still missing when it is written. One-way, MAIN is only read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from cdc.comparison import Contact, find, hand_over, is_equal, read_pairs, seen_at_once, stage
from cdc.contact_note import Note, Phase
from cdc.contact_state import Link, commit_point, durable_epoch, mark, opened
from cdc.difference import Difference
from cdc.faults import Blame, judge
from cdc.foreign_keys import check_foreign_keys, reference_parts
from cdc.images import to_image
from cdc.initial_copy import finish
from cdc.model import ConflictStatus, ConflictType, Side
from cdc.reconcile import Report, order
from cdc.records import Entry, record
from cdc.row_versions import Verdict, keep_versions
from cdc.session import Connection
from cdc.table_pair import TablePair, parents_first
from cdc.write_lock import write_locked
from triggers.statements import statement

PART_ROWS = 500
_REASON = "both sides held the row, and it was not the same"


async def fill(contact: Contact) -> Report:
    """Give each side the rows it lacks, and open a conflict for each row that differs.

    Args:
        contact: both sides.

    Raises:
        SchemaMismatch: the tables of both sides do not fit.
        ConnectivityError: a side went away or its tables stay locked; doing it again is safe.
    """
    pairs = await read_pairs(contact, Side.MAIN)
    back = await read_pairs(contact, Side.BACKUP) if contact.two_way else pairs
    note = Note(Phase.FILLING, Side.MAIN, keep=True)
    async with opened(contact.backup) as backup:
        await mark(backup, note)
        async with write_locked(backup, Side.BACKUP, pairs) as role:
            # MAIN is committed first: until BACKUP is, doing it all again changes nothing.
            async with _main(contact, back) as (main, main_role, main_seen):
                seen = await backup.fetchval(statement("contact_seen", "cdc"))
                differences = await _look(contact, pairs, main, backup)
                report = await _Gaps(backup, Side.BACKUP, role).fill(differences)
                if contact.two_way:
                    report += await _Gaps(main, Side.MAIN, main_role).fill(differences)
            link = Link(await durable_epoch(contact.main), main_seen)
            note = Note(Phase.FILLING, Side.MAIN, seen=seen, keep=True)
            await commit_point(backup, note, link)
    await finish(order(contact, Side.MAIN))
    return report


@asynccontextmanager
async def _main(
    contact: Contact, pairs: Sequence[TablePair]
) -> AsyncIterator[tuple[Connection, str | None, str]]:
    """MAIN, locked where it is written to, with the role it is written under and what it has seen."""
    if not contact.two_way:
        async with seen_at_once(contact.main, pairs) as (reader, seen):
            yield reader, None, seen
        return
    async with opened(contact.main) as main, write_locked(main, Side.MAIN, pairs) as role:
        yield main, role, str(await main.fetchval(statement("contact_seen", "cdc")))


async def _look(
    contact: Contact, pairs: Sequence[TablePair], main: Connection, backup: Connection
) -> list[Difference]:
    """Find what differs, and stage on each side what the other has."""
    differences = []
    for number, one in enumerate(pairs):
        difference = Difference(one, number)
        equal, rows = await is_equal(main, backup, difference)
        contact.progress(str(one.entity), rows, rows)
        if equal:
            continue
        await find(backup, main, difference)
        await hand_over(backup, main, difference)
        await stage(main, backup, difference)
        if contact.two_way:
            await stage(backup, main, difference)
        differences.append(difference)
    return differences


@dataclass(frozen=True, slots=True)
class _Refused:
    """A row that could not be inserted, and why."""

    place: str
    error: asyncpg.PostgresError


@dataclass(frozen=True, slots=True)
class _Gaps:
    """One side's missing rows, staged in its session."""

    connection: Connection
    side: Side
    role: str | None

    async def fill(self, differences: Sequence[Difference]) -> Report:
        """Insert what is missing, parents first, and open conflicts for the rest."""
        by_entity = {one.pair.entity: one for one in differences}
        levels, circle = parents_first([one.pair for one in differences])
        ordered = [by_entity[pair.entity] for level in (*levels, circle) for pair in level]
        verdict = Verdict(self.side.other, ConflictStatus.OPEN, None, None, _REASON)
        conflicts = 0
        for one in ordered:
            if one.keyed:
                conflicts += await keep_versions(self.connection, one, "b", verdict)
                await self.connection.execute(one.sql("fill_trim"))
            conflicts += await self._insert(one)
        conflicts += await self._take_out_orphans(ordered)
        rows = 0
        for one in ordered:
            rows += len(await self.connection.fetch(one.sql("fill_places")))
        return Report(rows, conflicts)

    async def _insert(self, one: Difference) -> int:
        try:
            async with self.connection.transaction():
                await self.connection.execute(one.sql("fill_insert"))
        except asyncpg.PostgresError as error:
            if judge(error.sqlstate).blame is not Blame.ROW:
                raise
            refused = await self._insert_in_parts(one)
        else:
            refused = []
        for each in refused:
            row = await self.connection.fetchrow(one.sql("fill_row"), each.place)
            fault = judge(each.error.sqlstate)
            await self._record(one, row, fault.type, each.error.constraint_name, str(each.error))
        if not one.keyed:
            return len(refused)
        rows = await self.connection.fetch(one.sql("fill_refused"))
        for row in rows:
            await self._record(
                one, row, ConflictType.UNIQUE_VIOLATION, None, "another row here has its values"
            )
        return len(refused) + len(rows)

    async def _insert_in_parts(self, one: Difference) -> list[_Refused]:
        """Insert row by row where needed, and again while some find their parents inserted meanwhile."""
        rows = await self.connection.fetch(one.sql("fill_places"))
        places = [row["place"] for row in rows]
        refused: list[_Refused] = []
        while places:
            refused = []
            for start in range(0, len(places), PART_ROWS):
                refused += await self._try(one, places[start : start + PART_ROWS])
            if len(refused) == len(places):
                break
            places = [each.place for each in refused]
        return refused

    async def _try(self, one: Difference, places: Sequence[str]) -> list[_Refused]:
        try:
            async with self.connection.transaction():
                await self.connection.execute(one.sql("fill_insert_part"), places)
        except asyncpg.PostgresError as error:
            if judge(error.sqlstate).blame is not Blame.ROW:
                raise
            if len(places) == 1:
                return [_Refused(places[0], error)]
            middle = len(places) // 2
            return [*await self._try(one, places[:middle]), *await self._try(one, places[middle:])]
        return []

    async def _take_out_orphans(self, ordered: Sequence[Difference]) -> int:
        """Where replica mode checks no references: take rows out again until all that are left hold."""
        if self.role is None:
            return 0
        taken = 0
        again = True
        while again:
            again = False
            for one in ordered:
                shape = one.pair.target if self.side is Side.BACKUP else one.pair.source
                for key in shape.outgoing:
                    if not one.keyed:
                        await check_foreign_keys(self.connection, [key], self.side)
                        continue
                    sql = one.sql("fill_orphans", **reference_parts(key, "t"))
                    for row in await self.connection.fetch(sql):
                        why = f"it refers to a row of {key.parent} that is not here"
                        await self._record(one, row, ConflictType.FOREIGN_KEY_VIOLATION, key.name, why)
                        taken += 1
                        again = True
        return taken

    async def _record(
        self,
        one: Difference,
        row: asyncpg.Record | None,
        kind: ConflictType,
        constraint: str | None,
        error: str,
    ) -> None:
        """Open a conflict for a staged row that could not stay, and take it off the stage."""
        if row is None:
            raise LookupError("a staged row is gone")
        await record(
            self.connection,
            Entry(
                source=self.side.other,
                entity=one.pair.entity,
                entity_id=row["entity_id"],
                type=kind,
                status=ConflictStatus.OPEN,
                base=None,
                incoming=to_image(one.pair.columns, row["image"]),
                current=None,
                constraint=constraint,
                error=error,
            ),
        )
        await self.connection.execute(one.sql("fill_drop"), [row["place"]])
