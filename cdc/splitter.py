"""Takes a batch that raised apart until the offending rows stand alone; everything else is applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import asyncpg

from cdc import records
from cdc.applier import Applier, splits
from cdc.by_key import put_off_as_printed
from cdc.change import Batch, Change
from cdc.errors import SchemaMismatch
from cdc.faults import Blame, judge
from cdc.images import join_key, parse_row
from cdc.mapping import Mapping
from cdc.model import ConflictStatus, ConflictType, Op
from cdc.position import Position
from cdc.references import ReferenceBroken
from cdc.target import Target
from cdc.undone import LOCKED, NetChange, Outcome, Residue, entry_of


async def apply_split(applier: Applier, before: Position, batch: Batch, *, refreshed: bool) -> Outcome:
    """Apply a batch in true order, in halves of halves, keeping the rows that cannot be written.

    Raises:
        PositionMoved: another instance applied the window.
        asyncpg.PostgresError: an error that no single row is to blame for; nothing was applied.
    """
    async with applier.careful(), applier.target.connection.transaction():
        shapes = applier.tables.written(change.table_id for change in batch.changes)
        await applier.advance(before, batch.after, len(batch.changes), shapes)
        applier.expect_live()
        return await halve(applier, batch.changes, refreshed=refreshed)


async def halve(applier: Applier, changes: Sequence[Change], *, refreshed: bool = False) -> Outcome:
    """Apply changes in the open transaction: whole, else in halves, until those that cannot be written stand alone.

    Raises:
        asyncpg.PostgresError: an error that no single row is to blame for.
    """
    try:
        async with applier.target.connection.transaction():
            return await applier.apply_changes(changes)
    except (asyncpg.PostgresError, ReferenceBroken) as error:
        if not splits(error, refreshed=refreshed):
            raise
        if len(changes) == 1:
            if changes[0].op is not Op.TRUNCATE:
                return await _keep(applier, changes[0], error)
            changes = await applier.deletes(changes[0])
            if len(changes) < 2:  # noqa: PLR2004  nothing to halve
                return await halve(applier, changes, refreshed=refreshed) if changes else Outcome()
    middle = len(changes) // 2
    first = await halve(applier, changes[:middle], refreshed=refreshed)
    return first + await halve(applier, changes[middle:], refreshed=refreshed)


async def _keep(applier: Applier, change: Change, error: asyncpg.PostgresError | ReferenceBroken) -> Outcome:
    """Put a change off: it is tried again at the window's end, and shown as a conflict if that fails too."""
    table = applier.reader.known(change.table_id)
    if table is None:
        return Outcome()
    mapping = applier.target.mapped(table.entity, change.columns)
    if change.op is Op.KEY:
        return await put_off_as_printed(applier.target, applier.source, mapping, change)
    residue = Residue(applier.target, applier.source, mapping, applier.policy(table.entity))
    kind, constraint, text = describe(error)
    kept = 0
    for net in await _net_changes(applier.target, mapping, change):
        entry = entry_of(residue, net, kind, None, ConflictStatus.DEFERRED)
        entry = replace(entry, constraint=constraint, error=text)
        await records.record(applier.target.connection, entry, reorder=applier.paged)
        kept += 1
    return Outcome(deferred=kept)


async def _net_changes(target: Target, mapping: Mapping, change: Change) -> list[NetChange]:
    """A change as net changes of its keys: one, or two when the key moved."""
    old, new = [await _entity_id(target, mapping, image) for image in (change.old, change.new)]
    if old is not None and new is not None and old != new:
        return [NetChange(old, change.old, None), NetChange(new, None, change.new)]
    return [NetChange(new or old or "", change.old, change.new)]


async def _entity_id(target: Target, mapping: Mapping, image: str | None) -> str | None:
    if image is None or not mapping.key_columns:
        return image
    try:
        async with target.connection.transaction():
            name: str = await target.connection.fetchval(mapping.row_name, image)
    except asyncpg.PostgresError:  # its key is no value of the target's type
        fields = dict(zip(mapping.columns, parse_row(image), strict=True))
        return join_key([fields[name] or "" for name in mapping.key_columns])
    return name


def describe(error: Exception) -> tuple[ConflictType, str | None, str]:
    """Conflict type, constraint and text of what an error says about a row."""
    if isinstance(error, ReferenceBroken):
        return ConflictType.FOREIGN_KEY_VIOLATION, error.constraint, str(error)
    if isinstance(error, asyncpg.PostgresError):
        fault = judge(error.sqlstate)
        text = LOCKED if fault.blame is Blame.LOCK else str(error)
        return fault.type, getattr(error, "constraint_name", None), text
    if isinstance(error, SchemaMismatch):
        return ConflictType.SCHEMA_MISMATCH, None, str(error)
    return ConflictType.REJECTED, None, str(error)
