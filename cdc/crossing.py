"""Brings what a source committed across to its target, batch by batch, while both sessions last."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from cdc.applier import Applier, splits
from cdc.change import Batch
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.express import express
from cdc.faults import Blame, judge
from cdc.held import hold
from cdc.position import Position
from cdc.reader import Reader
from cdc.references import ReferenceBroken
from cdc.splitter import apply_split
from cdc.stage import Stage
from cdc.stats import sampled
from cdc.target import ShapeMoved
from cdc.undone import Outcome

ATTEMPTS: Final = 100
"""Tries of one batch while its tables are found to have changed, or the position is locked."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """A batch that was applied: changes by table number, when some of them were written, what became of them."""

    changes: int
    counts: Mapping[int, int]
    written: Sequence[datetime]
    outcome: Outcome
    more: bool


class Crossing:
    """A reader, an applier, and the position between them.

    `position` is what has been read and needs no second look; `stored` is what the target says.
    """

    def __init__(self, reader: Reader, applier: Applier, stage: Stage, position: Position) -> None:
        """Take both ends and the position that the target has stored."""
        self.reader = reader
        self.applier = applier
        self.position = self.stored = position
        self._stage = stage

    async def step(self) -> Crossed | None:
        """Read one batch and apply it; nothing is half done whatever is raised. None: there was nothing.

        Raises:
            PositionMoved: another instance works on this link.
            PositionBusy: the position, or a table, was locked all the time.
            asyncpg.PostgresError: the target refused the batch for a reason that is no single row's.
        """
        if (staged := await self._apply_staged()) is not None:
            return staged
        await self._stage.leave()
        batch = await self.reader.read(self.position)
        if not batch.changes:
            await self._skip(batch)
            return None
        await self.reader.learn(batch.changes)
        outcome = await self._apply(batch)
        self.position = self.stored = batch.after
        return Crossed(len(batch.changes), *sampled(batch.changes), outcome, batch.more)

    def close(self) -> None:
        """Give up what is under way; the sessions end."""
        self._stage.close()

    async def _apply_staged(self) -> Crossed | None:
        """Apply the next batch of a large window that lies on the target. None: go the ordinary way."""
        stage = self._stage
        if self.position.window_to is None:
            return None
        try:
            batch = await stage.fill(self.position, self.applier.tables.held)
            if batch is None:
                return None
            outcome = await self.applier.apply_staged(self.stored, batch.after, batch.parts, batch.changes)
        except (asyncpg.PostgresError, ReferenceBroken, SchemaMismatch, ShapeMoved, PositionBusy) as error:
            passing = isinstance(error, SchemaMismatch | ShapeMoved | PositionBusy)
            if not (passing or splits(error) or _stale(error)):
                raise
            return None  # page by page, the offending rows are found
        self.position = self.stored = batch.after
        return Crossed(batch.changes, batch.counts, [batch.last_at], outcome, more=True)

    async def _skip(self, batch: Batch) -> None:
        """Move on past an empty read; stored only when it ends a window that was applied in pages."""
        if self.position.window_to is not None:
            async with self.applier.target.connection.transaction():
                await self.applier.advance(self.stored, batch.after, 0)
            self.stored = batch.after
        self.position = batch.after

    async def _apply(self, batch: Batch) -> Outcome:
        applier, stored = self.applier, self.stored
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await applier.prepare(batch.changes)
                outcome = await express(applier, stored, batch) if attempt == 1 else None
                return outcome if outcome is not None else await applier.apply(stored, batch)
            except PositionBusy:
                continue
            except ShapeMoved:
                await applier.tables.refresh()
            except SchemaMismatch as mismatch:
                await applier.tables.refresh()
                if attempt > 1:
                    await hold(applier, mismatch)
            except (asyncpg.PostgresError, ReferenceBroken) as error:
                if attempt == 1 and _stale(error):
                    await applier.tables.refresh()
                    continue
                if not splits(error, refreshed=attempt > 1):
                    raise
                with contextlib.suppress(PositionBusy, ShapeMoved):
                    return await apply_split(applier, stored, batch, refreshed=attempt > 1)
        raise PositionBusy(
            f"a batch of {applier.source} was not applied in {ATTEMPTS} tries: its tables or its position are locked",
            hint="a restore holds them while it writes; else look for a session that holds a lock on cdc.position",
        )


def _stale(error: Exception) -> bool:
    """Whether an error says that a table is no longer what the statement was made for."""
    return isinstance(error, asyncpg.PostgresError) and judge(error.sqlstate).blame is Blame.SHAPE
