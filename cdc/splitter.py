"""Takes a batch that raised apart until the offending rows stand alone; everything else is applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from cdc.applier import Applier, splits
from cdc.bags import going
from cdc.change import Batch, Change
from cdc.faults import Blame, judge
from cdc.model import Op
from cdc.position import Position
from cdc.putting_off import put_off, put_off_all
from cdc.sieve import Refusal, Sieve
from cdc.ties import touching, unrelated
from cdc.undone import Outcome

_WHOLE: Final = frozenset({Op.TRUNCATE, Op.KEY})
"""Changes beside which no other is moved out of its place."""


async def apply_split(applier: Applier, before: Position, batch: Batch, *, refreshed: bool) -> Outcome:
    """Apply a batch in parts, keeping the rows that cannot be written.

    Raises:
        PositionMoved: another instance applied the window.
        asyncpg.PostgresError: an error that no single row is to blame for; nothing was applied.
    """
    async with applier.careful(), applier.target.connection.transaction():
        shapes = applier.tables.written(change.table_id for change in batch.changes)
        await applier.advance(before, batch.after, len(batch.changes), shapes)
        applier.expect_live()
        return await take_apart(applier, batch.changes, refreshed=refreshed)


async def take_apart(applier: Applier, changes: Sequence[Change], *, refreshed: bool) -> Outcome:
    """Apply changes in the open transaction, and put off those that cannot be written.

    Raises:
        asyncpg.PostgresError: an error that no single row is to blame for.
    """
    wanted = [change for change in changes if not applier.tables.is_held(change)]
    known = {change.table_id: applier.reader.known(change.table_id) for change in wanted}
    entities = {number: table.entity if table else None for number, table in known.items()}
    sieve, outcome = _Changes(applier, refreshed=refreshed), Outcome()
    applier.paged = True
    for part in unrelated(wanted, entities, applier.target.shapes):
        outcome += await sieve.sift(part)
    return outcome


class _Changes(Sieve[Change]):
    """Changes of a batch, in the changelog's order."""

    def __init__(self, applier: Applier, *, refreshed: bool) -> None:
        super().__init__(applier.target.connection, applier.target.patience)
        self._applier = applier
        self._refreshed = refreshed

    async def carry_out(self, items: Sequence[Change], *, part: bool) -> Outcome:
        applier, provisional = self._applier, self._applier.provisional
        # An insert may be logged after its own update, and is in another part then.
        applier.provisional = provisional or part
        try:
            return await applier.apply_changes(items)
        finally:
            applier.provisional = provisional

    def splits(self, error: Refusal) -> bool:
        return splits(error, refreshed=self._refreshed)

    async def set_aside(
        self, items: Sequence[Change], place: int
    ) -> tuple[Sequence[Change], Sequence[Change]] | None:
        """Part a change, and what else there is of its row from its transaction on, from the others."""
        change = items[place]
        table = self._applier.reader.known(change.table_id)
        if table is None or any(item.op in _WHOLE for item in items):
            return None
        if not table.key_columns:
            going_on = going([(item.table_id, item.old, item.new) for item in items], place)
            rest = [item for at, item in enumerate(items) if at not in going_on]
            return rest, [items[at] for at in going_on]
        since = next(at for at, item in enumerate(items) if item.txid == change.txid)
        later = [at for at in range(since, len(items)) if items[at].table_id == change.table_id]
        if any(items[at].columns != change.columns for at in later):
            return None
        mapping = self._applier.target.mapped(table.entity, change.columns)
        images = [(items[at].old, items[at].new) for at in later]
        try:
            async with self._connection.transaction():
                rows = await self._connection.fetch(
                    mapping.key_names, [image for both in images for image in both if image is not None]
                )
        except asyncpg.PostgresError as error:
            if judge(error.sqlstate).blame is Blame.LINK:
                raise
            return None  # a key is no value of the target's type
        names = iter([row["entity_id"] for row in rows])
        keys = [[next(names) for image in both if image is not None] for both in images]
        aside = {later[at] for at in touching(keys, later.index(place))}
        rest = [item for at, item in enumerate(items) if at not in aside]
        return rest, [items[at] for at in sorted(aside)]

    async def refuse(self, item: Change, error: Refusal) -> Outcome:
        if item.op is not Op.TRUNCATE:
            return await put_off(self._applier, item, error)
        # What cannot be emptied at once is emptied row by row.
        deletes = await self._applier.deletes(item)
        return await self.sift(deletes) if deletes else Outcome()

    async def overflow(self, items: Sequence[Change], error: Refusal) -> Outcome | None:
        if any(item.op in _WHOLE for item in items):
            return None
        try:
            return await put_off_all(self._applier, items, error)
        except asyncpg.PostgresError as unnamed:
            if not self.splits(unnamed):
                raise
            return None  # a key among them is no value of the target's type
