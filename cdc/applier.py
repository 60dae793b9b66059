"""Applies batches to a target, set by set, in one transaction that also moves the position."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Final

import asyncpg

from cdc import records
from cdc.by_key import put_off
from cdc.change import Batch, Change
from cdc.claim import advance
from cdc.errors import PositionBusy, PositionMoved
from cdc.execution import Execution, NotUniform
from cdc.faults import Blame, judge
from cdc.locks import contended
from cdc.model import Entity, Side
from cdc.patience import GrownOld
from cdc.policy import PolicyRule
from cdc.position import Position
from cdc.reader import Reader
from cdc.references import ReferenceBroken
from cdc.shape import TableShape
from cdc.tables import Tables
from cdc.target import LOCK_TIMEOUT_MS, Target, check_marks
from cdc.truncate import deletes, truncate
from cdc.undone import Outcome
from cdc.workset import Part, Run, runs
from triggers.statements import statement

SLOW_BATCHES: Final = 20
"""Batches that are applied carefully at once after one that took too long."""


class Applier:
    """Applies what one source did to one target."""

    _hurried = 0
    """Batches that are still to be applied carefully, because one took too long."""

    def __init__(
        self,
        target: Target,
        source: Side,
        reader: Reader,
        policy: Callable[[Entity], PolicyRule],
    ) -> None:
        """Take the target's session, the link's source side and reader, and the look-up of policies.

        `paged` is set while a window is applied in parts, `provisional` while there are more of them to come.
        """
        self.target = target
        self.source = source
        self.reader = reader
        self.origin = Target(reader.connection, target.schemas)
        """The source as a place where single rows are read."""
        self.tables = Tables(target, source, reader)
        self.policy = policy
        self._live = True
        self.provisional = self.paged = False

    async def advance(
        self, before: Position, after: Position, changes: int, shapes: Sequence[TableShape] = ()
    ) -> None:
        """First statement of the open transaction: claim the window, and set the transaction up.

        Args:
            before: the position as it was read.
            after: the position that holds when the transaction is committed.
            changes: how many changes lie between them.
            shapes: the tables that will be written to.

        Raises:
            PositionMoved: the stored position is not `before`.
            PositionBusy: it is locked.
            ShapeMoved: a table is not any more what its statements were made for.
        """
        self.target.patience.begin()
        try:
            row = await self.target.connection.fetchrow(
                statement("position_advance", "cdc"),
                *advance(self.source, before, after, changes, shapes),
                self.target.patience.statement_timeout,
            )
        except asyncpg.LockNotAvailableError as error:
            raise PositionBusy(f"the position of {self.source} is locked") from error
        if row is None:
            raise PositionMoved(f"the position of {self.source} was moved by another instance")
        check_marks(shapes, row["mark"])
        self.target.patience_s = LOCK_TIMEOUT_MS / 1000
        self._live = row["live"]
        self.provisional = after.window_to is not None
        self.paged = self.provisional or before.window_to is not None

    @property
    def unhindered(self) -> bool:
        """Whether no entries hold keys, as last known, and batches are applied without delay."""
        return not self._live and self._hurried == 0

    def expect_live(self) -> None:
        """From here on this transaction keeps entries itself, so statements must look at them."""
        self._live = True

    async def prepare(self, changes: Sequence[Change]) -> None:
        """Make the mappings that changes need, before a transaction begins.

        Raises:
            SchemaMismatch: the target has no such table, or no key like the source's, or cannot hold a value.
        """
        self.target.patience_s = LOCK_TIMEOUT_MS / 1000
        self.provisional = self.paged = False
        await self.tables.prepare(changes)

    async def apply(self, before: Position, batch: Batch) -> Outcome:
        """Apply a batch whole and as sets, or not at all.

        Raises:
            PositionMoved: another instance applied the window.
            asyncpg.PostgresError: the target refused something; nothing was applied.
            ReferenceBroken: a foreign key would not hold; nothing was applied.
        """

        async def work(*, uniform: bool) -> Outcome:
            shapes = self.tables.written(change.table_id for change in batch.changes)
            await self.advance(before, batch.after, len(batch.changes), shapes)
            return await self.apply_changes(batch.changes, uniform=uniform)

        return await self._begin_anew(work)

    async def _begin_anew(self, work: Callable[..., Awaitable[Outcome]]) -> Outcome:
        """Do the work in a transaction: the short way, else any way, else waiting for nobody."""
        for uniform in (True, False) if self._hurried == 0 else ():
            try:
                async with self.target.connection.transaction():
                    return await work(uniform=uniform)
            except NotUniform:
                continue
            except (asyncpg.PostgresError, GrownOld) as error:
                if not contended(error):
                    raise
                # A target on which batches take so long will be as slow with the next ones.
                self._hurried = 0 if isinstance(error, asyncpg.LockNotAvailableError) else SLOW_BATCHES
                break
        self._hurried = max(self._hurried - 1, 0)
        async with self.careful(), self.target.connection.transaction():
            return await work(uniform=False)

    @contextlib.asynccontextmanager
    async def careful(self) -> AsyncIterator[None]:
        """Transactions inside lock their rows beforehand and wait for nobody, so they may last."""
        self.target.patience.careful = True
        try:
            yield
        finally:
            self.target.patience.careful = False

    async def apply_changes(
        self, changes: Sequence[Change], *, ignore_live: bool = False, uniform: bool = False
    ) -> Outcome:
        """Carry changes out inside the open transaction.

        Args:
            changes: in the changelog's order; their mappings are prepared.
            ignore_live: they are live entries' own, which must not hold them; their rows are locked already.
            uniform: try the shorter statements for changes that are all of one kind.

        Raises:
            NotUniform: with `uniform`, something was not as expected; the transaction is to be given up.
        """
        wanted = (change for change in changes if not self.tables.is_held(change))
        live = self._live and not ignore_live
        return await self._apply_runs(runs(wanted), live=live, uniform=uniform, locked=ignore_live)

    async def apply_staged(
        self, before: Position, after: Position, parts: list[Part], changes: int
    ) -> Outcome:
        """Apply changes that were brought to the target beforehand; otherwise as `apply`."""

        async def work(*, uniform: bool) -> Outcome:
            await self.advance(before, after, changes, self.tables.written(part.table_id for part in parts))
            return await self._apply_runs([Run(tables=parts)], live=self._live, uniform=uniform)

        return await self._begin_anew(work)

    async def deletes(self, change: Change) -> list[Change]:
        """A TRUNCATE that cannot be carried out at once as deletes, inside the open transaction."""
        return [
            delete
            for item in self.tables.truncated([change])
            for delete in await deletes(self.target, self.source, item)
        ]

    async def _apply_runs(
        self, found: Sequence[Run], *, live: bool, uniform: bool, locked: bool = False
    ) -> Outcome:
        outcome = Outcome()
        for run in found:
            if run.by_key:
                for item in self.tables.prepared(run.by_key):
                    outcome += await put_off(self.target, self.source, item)
                continue
            if run.truncated:
                items = self.tables.truncated(run.truncated)
                outcome += await truncate(self.target, self.source, items)
                outcome += await self._compare_entries({item.table.entity for item in items})
                continue
            # Entries that are tried again are not to wait for themselves.
            held = live or (not locked and bool(outcome.conflicts or outcome.deferred))
            work = Execution(
                self.target,
                self.source,
                self.policy,
                live=held,
                uniform=uniform and not held,
                careful=self.target.patience.careful and not locked,
                locked=locked,
                paged=self.paged,
                provisional=self.provisional,
            )
            outcome += await work.run(self.tables.prepared(run.tables))
        return outcome

    async def _compare_entries(self, truncated: Iterable[Entity]) -> Outcome:
        """Have rows compared that the source did not take over from here before it truncated their tables."""
        found = 0
        for entity in truncated:
            rows = await self.reader.connection.fetch(statement("truncate_live", "cdc"), str(entity))
            ids = [row["entity_id"] for row in rows]
            await records.recheck(self.target.connection, entity, ids, "in conflict when it was truncated")
            found += len(ids)
        return Outcome(rechecks=found)


def splits(error: Exception, *, refreshed: bool = False) -> bool:
    """Whether an error is about single rows, so that the batch is to be taken apart.

    Args:
        error: what the target raised.
        refreshed: the tables' shapes have just been read, so what is not there is what a row or a function names.
    """
    if isinstance(error, ReferenceBroken):
        return True
    return isinstance(error, asyncpg.PostgresError) and judge(error.sqlstate).blame in {
        Blame.ROW,
        Blame.LOCK,
        *([Blame.SHAPE] if refreshed else []),
    }
