"""Puts changes off that the target refuses: they are tried again at the window's end, and shown if that fails too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

import asyncpg

from cdc import records
from cdc.applier import Applier
from cdc.by_key import put_off_as_printed
from cdc.chain import Segment, Step, segments
from cdc.change import Change
from cdc.errors import SchemaMismatch
from cdc.faults import Blame, judge
from cdc.images import join_key, parse_row, to_image
from cdc.mapping import Mapping
from cdc.model import ConflictStatus, ConflictType, Image, Op
from cdc.records import Entry
from cdc.references import ReferenceBroken
from cdc.residue import refresh
from cdc.sieve import Refusal
from cdc.target import Target
from cdc.undone import LOCKED, NetChange, Outcome, Residue, entry_of
from cdc.workset import Part, runs
from triggers.statements import statement


async def put_off(applier: Applier, change: Change, error: Refusal) -> Outcome:
    """Put one change off, inside the open transaction."""
    table = applier.reader.known(change.table_id)
    if table is None:
        return Outcome()
    mapping = applier.target.mapped(table.entity, change.columns)
    if change.op is Op.KEY:
        return await put_off_as_printed(applier.target, applier.source, mapping, change)
    residue = Residue(applier.target, applier.source, mapping, applier.policy(table.entity))
    if not mapping.key_columns:
        return await _put_off_copies(residue, [change], error)
    nets = await _net_changes(applier.target, mapping, change)
    for net in nets:
        entry = _entry(residue, net, error)
        await records.record(applier.target.connection, entry, reorder=applier.paged)
    return Outcome(deferred=len(nets))


async def put_off_all(applier: Applier, changes: Sequence[Change], error: Refusal) -> Outcome:
    """Put changes off as they are, whichever of them are refused, inside the open transaction.

    Args:
        applier: of the link.
        changes: in the changelog's order; no TRUNCATE, none recorded by key only.
        error: what the target said about some of them.

    Raises:
        asyncpg.PostgresError: a key is no value of the target's type; nothing was put off.
    """
    outcome = Outcome()
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
                    outcome += await _put_off_keys(residue, item.part, error)
                else:
                    mine = [each for each in changes if each.table_id == item.part.table_id]
                    outcome += await _put_off_copies(
                        residue, [each for each in mine if each.columns == item.part.columns], error
                    )
    return outcome


async def _put_off_copies(residue: Residue, changes: Sequence[Change], error: Refusal) -> Outcome:
    """Put changes of a table without a key off: equal rows are several, each has an entry of its own."""
    connection, entity = residue.target.connection, str(residue.mapping.entity)
    names = [change.new or change.old or "" for change in changes]
    live = await connection.fetch(statement("sync_state_live", "cdc"), entity, names)
    taken = {row["entity_id"] for row in live}
    entries = []
    for change, name in zip(changes, names, strict=True):
        # No row is printed with anything behind its bracket, and no other change has that number.
        net = NetChange(name if name not in taken else f"{name} #{change.seq}", change.old, change.new)
        taken.add(name)
        entries.append(_entry(residue, net, error))
    await records.record_all(connection, entries)
    return Outcome(deferred=len(entries))


async def _put_off_keys(residue: Residue, part: Part, error: Refusal) -> Outcome:
    """Put a table's keys off, each from where its changes start to where they end."""
    connection, mapping, entity = (
        residue.target.connection,
        residue.mapping,
        str(residue.mapping.entity),
    )
    chains: dict[str, list[Step]] = {}
    for row in await connection.fetch(mapping.events(part.batch), *part.arguments(), entity, None):
        chains.setdefault(row["entity_id"], []).append(Step(int(row["txid"]), row["before"], row["after"]))
    ways = {entity_id: segments(chain) for entity_id, chain in chains.items()}
    live = await connection.fetch(statement("sync_state_live", "cdc"), entity, list(ways))
    held = {row["entity_id"] for row in live}
    begun = [entity_id for entity_id, way in ways.items() if way and entity_id not in held]
    entries = [_entry(residue, _net(entity_id, ways[entity_id].pop(0)), error) for entity_id in begun]
    await records.record_all(connection, entries, reorder=residue.paged)
    outcome = Outcome(deferred=len(entries))
    for several in zip_longest(*([_net(entity_id, each) for each in way] for entity_id, way in ways.items())):
        rest = [net for net in several if net is not None]
        images = [(net.entity_id, *_images(mapping, net)) for net in rest]
        await refresh(residue, images)
        outcome += Outcome(conflicts=len(rest), rechecks=len(rest))
    unsure = [entity_id for entity_id, chain in chains.items() if not all(s.certain for s in segments(chain))]
    await records.recheck(connection, entity, unsure, "several orders of its changes fit")
    return outcome + Outcome(rechecks=len(unsure))


def _net(entity_id: str, segment: Segment) -> NetChange:
    return NetChange(entity_id, segment.before, segment.after)


def _images(mapping: Mapping, net: NetChange) -> tuple[Image | None, Image | None]:
    return to_image(mapping.columns, net.before), to_image(mapping.columns, net.after)


def _entry(residue: Residue, net: NetChange, error: Refusal) -> Entry:
    kind, constraint, text = describe(error)
    entry = entry_of(residue, net, kind, None, ConflictStatus.DEFERRED)
    return replace(entry, constraint=constraint, error=text)


async def _net_changes(target: Target, mapping: Mapping, change: Change) -> list[NetChange]:
    """A change as net changes of its keys: one, or two when the key moved."""
    old, new = [await _entity_id(target, mapping, image) for image in (change.old, change.new)]
    if old is not None and new is not None and old != new:
        return [NetChange(old, change.old, None), NetChange(new, None, change.new)]
    return [NetChange(new or old or "", change.old, change.new)]


async def _entity_id(target: Target, mapping: Mapping, image: str | None) -> str | None:
    if image is None:
        return None
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
