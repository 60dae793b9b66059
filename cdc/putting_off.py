"""Puts changes off that the target refuses: they are tried again at the window's end, and shown if that fails too."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from cdc import records
from cdc.applier import Applier
from cdc.bags import chained
from cdc.by_key import put_off_as_printed
from cdc.change import Change
from cdc.ends import Reason, entry_for, put_off_keys
from cdc.errors import SchemaMismatch
from cdc.faults import Blame, about_value, judge
from cdc.images import join_key, parse_row, row_name
from cdc.mapping import Mapping
from cdc.model import ConflictType, Op
from cdc.references import ReferenceBroken
from cdc.sieve import Refusal
from cdc.undone import LOCKED, NetChange, Outcome, Residue
from cdc.workset import runs
from triggers.statements import statement


async def put_off(applier: Applier, change: Change, error: Refusal) -> Outcome:
    """Put one change off, inside the open transaction."""
    table = applier.reader.known(change.table_id)
    if table is None:
        return Outcome()
    mapping = applier.target.mapped(table.entity, change.columns)
    if change.op is Op.KEY:
        return await put_off_as_printed(applier.target, applier.source, mapping, change)
    try:
        return await put_off_all(applier, [change], error)
    except asyncpg.PostgresError as unnamed:
        if not mapping.key_columns or not about_value(unnamed.sqlstate):
            raise
    # A key is no value of the target's type: its row goes by the name that its source would give it.
    residue = Residue(applier.target, applier.source, mapping, applier.policy(table.entity))
    entries = [entry_for(residue, net, describe(error)) for net in _as_printed(mapping, change)]
    await records.record_all(applier.target.connection, entries, reorder=applier.paged)
    return Outcome(deferred=len(entries))


async def put_off_all(applier: Applier, changes: Sequence[Change], error: Refusal) -> Outcome:
    """Put changes off as they are, whichever of them are refused, inside the open transaction.

    Args:
        applier: of the link.
        changes: in the changelog's order; no TRUNCATE, none recorded by key only.
        error: what the target said about some of them.

    Raises:
        asyncpg.PostgresError: a key is no value of the target's type; nothing was put off.
    """
    outcome, bags = Outcome(), dict[tuple[int, tuple[str, ...]], Residue]()
    async with applier.target.connection.transaction():
        for run in runs(changes):
            for item in applier.tables.prepared(run.tables):
                residue = Residue(
                    applier.target,
                    applier.source,
                    item.mapping,
                    applier.policy(item.mapping.entity),
                    paged=applier.paged,
                )
                if item.mapping.key_columns:
                    outcome += await put_off_keys(residue, item.part, describe(error))
                else:
                    bags[item.part.table_id, item.part.columns] = residue
        for place, residue in bags.items():
            mine = [change for change in changes if (change.table_id, change.columns) == place]
            outcome += await _put_off_copies(residue, mine, error)
    return outcome


async def _put_off_copies(residue: Residue, changes: Sequence[Change], error: Refusal) -> Outcome:
    """Put changes of a table without a key off: equal rows are several, each has an entry of its own."""
    connection, entity = residue.target.connection, str(residue.mapping.entity)
    several = chained((change.old, change.new) for change in changes)
    names = [row_name(new or old or "") for old, new in several]
    live = await connection.fetch(statement("sync_state_live", "cdc"), entity, names)
    taken = {row["entity_id"] for row in live}
    entries = []
    for change, (old, new), name in zip(changes, several, names, strict=False):
        # No row is printed with anything behind its bracket, and no other change has that number.
        net = NetChange(name if name not in taken else f"{name} #{change.seq}", old, new)
        taken.add(name)
        entries.append(entry_for(residue, net, describe(error)))
    await records.record_all(connection, entries)
    return Outcome(deferred=len(entries))


def _as_printed(mapping: Mapping, change: Change) -> list[NetChange]:
    """A change as net changes of its keys' texts: one, or two when the key moved."""
    old, new = [_printed_key(mapping, image) for image in (change.old, change.new)]
    if old is not None and new is not None and old != new:
        return [NetChange(old, change.old, None), NetChange(new, None, change.new)]
    return [NetChange(new or old or "", change.old, change.new)]


def _printed_key(mapping: Mapping, image: str | None) -> str | None:
    if image is None:
        return None
    fields = dict(zip(mapping.columns, parse_row(image), strict=True))
    return join_key([fields[name] or "" for name in mapping.key_columns])


def describe(error: Exception) -> Reason:
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
