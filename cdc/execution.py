"""Carries out one run's changes table by table, inside the applying transaction.

As a replica the server fires no trigger and checks neither foreign keys nor deferrable constraints: tables go in any
order, and what the batch touched is checked in the end. Otherwise the server checks every key as it goes: deletes go
children first and writes parents first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from cdc.change import CapturedTable
from cdc.ends import HELD_ELSEWHERE, put_off_keys
from cdc.locks import held_parents, lock_rows
from cdc.mapping import Mapping
from cdc.model import Entity, Op, Side
from cdc.numbers import advance
from cdc.obstacles import changes_rows, fires
from cdc.policy import PolicyRule
from cdc.references import ReferenceBroken, check_dependents, check_references
from cdc.residue import settle, written_otherwise
from cdc.target import Target
from cdc.undone import LOCKED, Outcome, Residue
from cdc.uniqueness import check_unique
from cdc.workset import Part, parents_first


@dataclass(frozen=True, slots=True)
class Prepared:
    """One table's part of a run with what its statements need."""

    part: Part
    table: CapturedTable
    mapping: Mapping


Named = tuple[Entity, str]
"""A row by its table and entity id."""
_WITHOUT_MOVES: Final = frozenset({Op.INSERT, Op.DELETE})


class _Unclean(Exception):
    """Rows were not as their changes say: undo, and try another way."""


class NotUniform(Exception):
    """Changes of one kind were carried out only in part: undo, and let the batch statement find out why."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How changes of one source are carried out on one target.

    `live`: entries of sync_state may hold keys. `uniform`: try the shorter statements for changes of one kind.
    `careful`: lock the rows first, and put off those that somebody holds. `paged` and `provisional`: see `Residue`.
    """

    target: Target
    source: Side
    policy: Callable[[Entity], PolicyRule]
    live: bool
    uniform: bool
    careful: bool = False
    paged: bool = False
    provisional: bool = False
    kept: frozenset[Named] = frozenset()
    """Keys that were put off already, because somebody holds their rows."""
    locked: bool = False
    """Rows and the parents that they come to refer to are locked: from here on nobody is waited for."""

    async def run(self, prepared: list[Prepared]) -> Outcome:
        """Carry out every table's changes.

        Raises:
            NotUniform: with `uniform`, something was not as expected; the transaction is to be given up.
            ReferenceBroken: a foreign key would not hold.
            asyncpg.PostgresError: the target refused something.
        """
        if self.careful:
            outcome, kept = await self._lock(prepared)
            work = replace(self, careful=False, live=self.live or bool(kept), kept=kept, locked=True)
            return outcome + await work.run(prepared)
        if any(fires(item.mapping.shape, replica=self.target.replica) for item in prepared):
            # People's triggers find their tables as applications do.
            await self.target.connection.execute(
                "SELECT set_config('search_path', $1, true)", self.target.path
            )
        for item in prepared:
            # First, and for good: this side is not to give the number of a row that is refused, either.
            await advance(self.target.connection, item.mapping, item.part)
        outcome = await (self._as_replica(prepared) if self.target.replica else self._checked(prepared))
        for item in prepared:
            # A trigger, or the server, may have made another row of the one we wrote.
            if item.mapping.key_columns and changes_rows(item.mapping.shape, replica=self.target.replica):
                found = await written_otherwise(self.target, item.mapping, item.part)
                outcome += Outcome(rechecks=found)
        return outcome

    async def _lock(self, prepared: Sequence[Prepared]) -> tuple[Outcome, frozenset[Named]]:
        """Lock the rows of a run and their parents, and put off those that somebody holds."""
        outcome, kept = Outcome(), set[Named]()
        await self.target.connection.execute(f"SET LOCAL lock_timeout = {self.target.patience.lock_timeout}")
        for item in prepared:
            changes = await lock_rows(self.target, item.mapping, item.part)
            parents = await held_parents(self.target, item.mapping, item.part)
            if ids := sorted({*(change.entity_id for change in changes), *parents}):
                outcome += await put_off_keys(self._residue(item), item.part, HELD_ELSEWHERE, ids)
                kept |= {(item.table.entity, entity_id) for entity_id in ids}
        return outcome, frozenset(kept)

    async def _as_replica(self, prepared: Sequence[Prepared]) -> Outcome:
        outcome = Outcome()
        suspects = []
        for item in prepared:
            rows = await self._carry_out(item, deletes=True, writes=True)
            outcome += await self._settle(item, rows)
            # A row written over one that was not as expected, or where none was, refers to what nobody has checked.
            undone = any(row["act"] == "U" for row in rows)
            suspects.append((item, rows[0], undone))
        for item, row, undone in suspects:
            self.target.patience.check()
            locked = self.locked and bool(item.mapping.key_columns)
            await check_references(self.target, item.mapping, item.part, row, lock=not locked, every=undone)
            await check_unique(self.target, item.mapping, item.part)
        return outcome

    async def _checked(self, prepared: Sequence[Prepared]) -> Outcome:
        await self.target.connection.execute("SET CONSTRAINTS ALL DEFERRED")
        movable = [
            item for item in prepared if item.part.op not in _WITHOUT_MOVES and item.mapping.moves_keys
        ]
        # Children may move to a parent's new key first, so that they do not go with the old one. What moves along
        # with its parent, or moves on, is not any more what its own change says it was: then no key moves in place.
        for in_place, writes_first in ((movable, False), (movable, True), ([], True)) if movable else ():
            with contextlib.suppress(ReferenceBroken, asyncpg.ForeignKeyViolationError, _Unclean):
                async with self.target.connection.transaction():
                    outcome = await self._moving(prepared, in_place, writes_first=writes_first)
                    if outcome.conflicts or outcome.deferred:
                        raise _Unclean
                    return outcome
        if any(key.cascades for item in prepared for key in item.mapping.shape.incoming):
            with contextlib.suppress(ReferenceBroken):
                async with self.target.connection.transaction():
                    return await self._moving(prepared, movable)
            return await self._moving(prepared, movable, writes_first=True)
        return await self._moving(prepared, movable)

    async def _moving(
        self, prepared: Sequence[Prepared], in_place: Sequence[Prepared], *, writes_first: bool = False
    ) -> Outcome:
        """Give rows other keys in place where that can be, and carry the rest out."""
        moved: set[Named] = set()
        for item in in_place:
            self.target.patience.check()
            sql = item.mapping.moves(item.part.batch, live=self.live)
            arguments = (*item.part.arguments(), str(item.table.entity))
            for row in await self.target.connection.fetch(sql, *arguments):
                moved |= {(item.table.entity, row[name]) for name in ("entity_id", "moved_to")}
        return await self._in_turn(prepared, moved, writes_first=writes_first)

    async def _in_turn(
        self, prepared: Sequence[Prepared], moved: Collection[Named], *, writes_first: bool = False
    ) -> Outcome:
        """Write to parents before their children, and delete children before their parents.

        Args:
            prepared: the tables' changes.
            moved: keys whose rows were moved in place: their deletes and inserts are done.
            writes_first: the deletes come last.
        """
        connection, outcome = self.target.connection, Outcome()
        order = parents_first(self.target.shapes, [item.table.entity for item in prepared])
        down = sorted(prepared, key=lambda item: order.index(item.table.entity))
        for writes in (True, False) if writes_first else (False, True):
            for item in down if writes else reversed(down):
                if not writes and item.part.op is not Op.INSERT:
                    await check_dependents(self.target, item.mapping, item.part)
                rows = await self._carry_out(item, deletes=not writes, writes=writes)
                outcome += await self._settle(item, [row for row in rows if not _is_done(item, row, moved)])
        await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return outcome

    async def _carry_out(self, item: Prepared, *, deletes: bool, writes: bool) -> Sequence[asyncpg.Record]:
        """Run the table's statement; the first row of the result has the totals, see apply.sql."""
        self.target.patience.check()
        part, mapping = item.part, item.mapping
        if part.op is not None and self.uniform and mapping.is_uniform(part.op):
            if not (deletes if part.op is Op.DELETE else writes):
                return []
            row = await self.target.connection.fetchrow(
                mapping.uniform(part.op, part.batch), *part.arguments()
            )
            if row is not None and row["total"] == part.count:
                return [row]
            # Where deletes and writes go apart, the other half has been passed over already.
            if row is not None and (row["total"] > 0 or not (deletes and writes)):
                raise NotUniform
        return await self.target.connection.fetch(
            mapping.apply(part.batch, live=self.live),
            *part.arguments(),
            deletes,
            writes,
            str(item.table.entity),
        )

    async def _settle(self, item: Prepared, rows: Sequence[asyncpg.Record]) -> Outcome:
        if not rows:
            return Outcome()
        total = rows[0]["total"]
        left = [row for row in rows if row["act"] is not None]
        if not left:
            return Outcome(applied=total)
        # What was put off has these changes already: they are not to be added to it a second time.
        rest = [row for row in left if (item.table.entity, row["entity_id"]) not in self.kept]
        settled = await settle(self._residue(item), item.part, rest)
        if self.locked and rest and self.target.replica:
            # What was written over a row that was not as expected may refer to other parents than that one did.
            ids = [row["entity_id"] for row in rest]
            if await held_parents(self.target, item.mapping, item.part, ids):
                raise asyncpg.LockNotAvailableError(LOCKED)
        return Outcome(applied=total - len(left)) + settled

    def _residue(self, item: Prepared) -> Residue:
        return Residue(
            self.target,
            self.source,
            item.mapping,
            self.policy(item.table.entity),
            paged=self.paged,
            provisional=self.provisional,
        )


def _is_done(item: Prepared, row: asyncpg.Record, moved: Collection[Named]) -> bool:
    """Whether what the statement left undone was done by moving the row in place. Pure."""
    return row["act"] in {"D", "I"} and (item.table.entity, row["entity_id"]) in moved
