"""The whole first copy: schema where there is none, rows in one snapshot, and what makes it fit to link.

A kill at any instant leaves the target marked: until data and position are committed together it says
"copying" and starts over, after that "finishing" and goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from cdc.catalog import read_shapes
from cdc.contact_note import Note, Phase
from cdc.contact_state import (
    LOCK_WAIT_MS,
    Link,
    commit_point,
    durable_epoch,
    mark,
    mark_done,
    opened,
    settle,
    start_link,
    wanted,
)
from cdc.copy_tasks import Progress
from cdc.epoch import epoch
from cdc.errors import SchemaMismatch
from cdc.foreign_keys import check_foreign_keys
from cdc.model import Entity
from cdc.schema_copy import SchemaScripts, create_extensions, dump_schema, run_script
from cdc.sequence_copy import copy_sequences
from cdc.session import Connection, Endpoint
from cdc.shape import Shapes
from cdc.table_copy import Snapshot, copy_tables, exported_snapshot
from cdc.table_pair import TablePair, has_rows, pair, unsafe_in_binary
from triggers.choice import MIGRATION_TABLES
from triggers.identifiers import joined, qualified
from triggers.statements import render, statement

Install = Callable[[Endpoint], Awaitable[object]]
"""Installs capture on a side, or schema cdc alone where that side is not captured."""


@dataclass(frozen=True, slots=True)
class CopyOrder:
    """What is to be copied. `made`: the target's tables are ours to make; `again`: a copy was cut."""

    source: Endpoint
    target: Endpoint
    entities: Sequence[Entity]
    install: Install
    progress: Progress
    two_way: bool
    made: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy came to. `notes` are for people."""

    rows: int
    notes: tuple[str, ...]


async def initial_copy(order: CopyOrder) -> Copied:
    """Copy everything and leave both sides ready to be linked.

    Raises:
        SchemaMismatch: the two definitions do not fit; nothing is linked.
        ConfigurationError: no pg_dump here will do.
        ConnectivityError: a side went away; starting again is safe.
    """
    async with opened(order.source) as reader:
        shapes = await read_shapes(reader, order.source.schemas)
    if order.made:
        # What migration tools wrote down is true of the tables that are made from theirs.
        records = [entity for entity in shapes if entity.table in MIGRATION_TABLES]
        order = replace(order, entities=[*dict.fromkeys((*order.entities, *records))])
    tables = [shapes[entity] for entity in order.entities if entity in shapes]
    notes: tuple[str, ...] = ()
    scripts = None
    async with exported_snapshot(order.source, tables) as snapshot:
        if order.made:
            scripts, notes = await _make_tables(order, snapshot, [table.relid for table in tables])
        await order.install(order.target)
        pairs = await _pairs(order, snapshot.connection)
        note = await _begin(order, pairs, scripts)
        rows = await copy_tables(order.source, order.target, snapshot, pairs, progress=order.progress)
        seen = snapshot.seen
    await _commit(order, note, pairs, scripts, seen)
    await finish(order)
    return Copied(rows, notes)


async def _make_tables(
    order: CopyOrder, snapshot: Snapshot, relids: Sequence[int]
) -> tuple[SchemaScripts, tuple[str, ...]]:
    async with opened(order.target) as writer:
        present = [row["name"] for row in await writer.fetch(statement("contact_schemas", "cdc"))]
        scripts = await dump_schema(
            order.source, snapshot.connection, snapshot=snapshot.exported, copied=relids, present=present
        )
        note = Note(Phase.COPYING, order.source.side, made=True, fingerprint=scripts.fingerprint)
        if order.again:
            await _check_unchanged(order, writer, scripts)
            return scripts, scripts.notes
        notes = await create_extensions(snapshot.connection, writer, order.target.side)
        async with writer.transaction():
            await run_script(writer, scripts.before, order.target.side)
            await mark(writer, note)
    return scripts, (*notes, *scripts.notes)


async def _check_unchanged(order: CopyOrder, writer: Connection, scripts: SchemaScripts) -> None:
    row = await writer.fetchrow(statement("contact_node", "cdc"))
    before = Note.parse(row["note"]) if row else None
    if before is None or before.fingerprint != scripts.fingerprint:
        raise SchemaMismatch(
            f"{order.source.side}'s tables changed since the copy to {order.target.side} was interrupted",
            hint=f"drop the half-copied tables on {order.target.side} and start again",
        )


async def _pairs(order: CopyOrder, reader: Connection) -> list[TablePair]:
    here = await read_shapes(reader, order.source.schemas)
    unsafe = await unsafe_in_binary(reader, order.source.schemas)
    async with opened(order.target) as writer:
        there = await read_shapes(writer, order.target.schemas)
    sides = (order.source.side, order.target.side)
    return [pair(entity, sides, here, there, key=(), text_only=unsafe) for entity in order.entities]


async def _begin(order: CopyOrder, pairs: Sequence[TablePair], scripts: SchemaScripts | None) -> Note:
    """See that the target is empty, emptying what an interrupted copy left, and remember what it saw then."""
    fingerprint = scripts.fingerprint if scripts else ""
    note = Note(Phase.COPYING, order.source.side, made=order.made, fingerprint=fingerprint)
    async with opened(order.target) as writer:
        if order.again and pairs:
            async with writer.transaction():
                await writer.execute(statement("copy_begin_apply", "cdc"), None, "on")
                await writer.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
                names = joined(one.relation for one in pairs)
                await writer.execute(render("copy_truncate", "cdc", tables=names))
        async with writer.transaction(isolation="repeatable_read"):
            seen = str(await writer.fetchval(statement("contact_seen", "cdc")))
            for one in pairs:
                if await has_rows(writer, one.relation):
                    raise SchemaMismatch(
                        f"{one.entity} on {order.target.side} was written to before the copy began",
                        hint="start again: both sides will be compared",
                    )
            note = replace(note, seen=seen)
            await mark(writer, note)
    return note


async def _commit(
    order: CopyOrder, note: Note, pairs: Sequence[TablePair], scripts: SchemaScripts | None, seen: str
) -> None:
    """Indexes, constraints and the position in one transaction: from here on the copy counts."""
    side = order.target.side
    link = Link(await durable_epoch(order.source), seen) if wanted(side, two_way=order.two_way) else None
    async with opened(order.target) as writer, writer.transaction():
        if scripts is not None:
            await run_script(writer, scripts.after, side)
        else:
            # Replica mode checks no references. Copied rows have theirs, unless the table they refer to was not
            # copied, or the target's application has written meanwhile.
            written = await writer.fetchval(statement("contact_written", "cdc"), note.seen)
            keys = [key for one in pairs for key in one.target.outgoing]
            copied = {one.entity for one in pairs}
            await check_foreign_keys(writer, [k for k in keys if written or k.parent not in copied], side)
        await commit_point(writer, note, link)


async def finish(order: CopyOrder) -> None:
    """Make whole data ready to link: keys known to capture, sequences, statistics, views, and both positions.

    Everything it needs was committed with the data, so it can be done again from the start.
    """
    await order.install(order.target)
    async with opened(order.source) as reader, opened(order.target) as writer:
        row = await writer.fetchrow(statement("contact_node", "cdc"))
        note = Note.parse(row["note"]) if row else None
        if note is None or note.seen is None:
            raise LookupError(f"{order.target.side} lost its mark while first contact was being made")
        await copy_sequences(reader, writer, order.target.schemas, apart=order.two_way)
        if note.keep and order.two_way:
            # Rows went both ways.
            await copy_sequences(writer, reader, order.source.schemas)
        await _tidy(order, reader, writer)
        winner = None if note.equal else note.source
        async with reader.transaction():
            await reader.execute(statement("contact_fresh", "cdc"))
            await reader.execute(statement("definition_forget_all", "cdc"))
            if wanted(order.source.side, two_way=order.two_way):
                await start_link(reader, order.target.side, await epoch(writer), note.seen)
            if not note.keep:
                await settle(reader, winner, "both sides were made equal")
            await mark_done(reader)
        async with writer.transaction():
            await writer.execute(statement("contact_fresh", "cdc"))
            await writer.execute(statement("definition_forget_all", "cdc"))
            if not note.keep:
                await settle(writer, winner, "both sides were made equal")
            await writer.execute(statement("contact_live", "cdc"), order.source.side)
            await mark_done(writer)


async def _tidy(order: CopyOrder, reader: Connection, writer: Connection) -> None:
    there: Shapes = await read_shapes(writer, order.target.schemas)
    for entity in there.keys() & set(order.entities):
        await writer.execute(render("copy_analyze", "cdc", table=there[entity].relation))
    if order.made:
        for row in await reader.fetch(statement("matview_list", "cdc"), list(order.source.schemas)):
            view = qualified(row["schema_name"], row["view_name"])
            await writer.execute(render("matview_refresh", "cdc", view=view))
