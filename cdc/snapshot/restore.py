"""Puts a snapshot file's rows into a database: in one transaction, and only those that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from cdc.catalog import read_shapes
from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot import creation, merging, sequences, surroundings
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.format import SchemaSql
from cdc.snapshot.plan import Counts, Restored, RestorePlan, broken
from cdc.snapshot.progress import Progress
from cdc.snapshot.staging import PACKAGE, Staged
from cdc.snapshot.storage import Store
from cdc.snapshot.work import Work, begun
from cdc.write_lock import write_locked
from triggers.statements import statement

_MAJOR: Final = 10_000
_MADE_NOTES = (
    "the new tables are not captured yet: `cdc run` and `cdc install-triggers` do that",
    "a snapshot holds no grants: give the application's roles their rights",
)


async def preview(
    store: Store,
    name: str,
    endpoint: Endpoint,
    *,
    tables: Sequence[str] = (),
    samples: int = 0,
    key: bytes | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RestorePlan:
    """Count what a restore would write. Nothing is written or locked.

    Args:
        store: where the file is.
        name: its name there.
        endpoint: the database.
        tables: only these, by the contract's names; none: all of the file.
        samples: so many records of each table are named.
        key: the secret that encrypted files are read with.
        progress: told how far it is.

    Raises:
        SnapshotNotFound: there is no such file.
        SnapshotForeign: it is none of ours.
        SnapshotDamaged: it is not as it was written.
        SnapshotRefused: the database has another schema.
        ConnectivityError: the database cannot be reached.
    """
    async with begun(store, name, endpoint, tables, key=key, progress=progress) as work:
        empty = await creation.is_empty(work.connection, work.schemas)
        if empty:
            creation.scripts_of(work.header, tables)
        footer = await work.verify()
        if empty:
            counts = {head.entity: Counts(footer.tables[head.entity].rows) for head in work.heads}
            return RestorePlan(counts, work.header.notes, creates=True)
        part = work.into_tables(tables)
        staged = await part.staged()
        transaction = work.connection.transaction()
        await transaction.start()
        found = await merging.compare(work.connection, staged, samples)
        await transaction.rollback()
        notes = (*broken([one.pair.target for one in staged]), *await part.left(tables))
        return RestorePlan(found.tables, notes, found.samples)


async def restore(
    store: Store,
    name: str,
    target: Endpoint,
    other: Endpoint,
    *,
    tables: Sequence[str] = (),
    propagate: bool,
    by: str,
    two_way: bool = True,
    proof: bool = False,
    key: bytes | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Restored:
    """Make a database's tables what they are in the file. Cancelled or killed, nothing is written.

    Args:
        store: where the file is.
        name: its name there.
        target: the database to write to.
        other: the other side.
        tables: only these, by the contract's names; none: all of the file.
        propagate: the writes are captured and the other side follows; else they are not, and both links are
            paused until `cdc resync` says which side counts.
        by: who asks for it, for the note on the pause.
        two_way: whether BACKUP's changes are carried to MAIN.
        proof: read every row of new tables back and hash it as the file has it, which takes a third longer; always
            done where the file is of another major version of PostgreSQL.
        key: the secret that encrypted files are read with.
        progress: told how far it is.

    Raises:
        SnapshotNotFound: there is no such file.
        SnapshotForeign: it is none of ours.
        SnapshotDamaged: it is not as it was written.
        SnapshotRefused: it does not fit the database, or its constraints or triggers stand in the way.
        ConnectivityError: a database cannot be reached, or its tables stay locked by others.
    """
    surroundings.check_direction(target.side, propagate=propagate, two_way=two_way)
    async with begun(store, name, target, tables, key=key, progress=progress) as work:
        if await creation.is_empty(work.connection, work.schemas):
            try:
                return await _create(work, creation.scripts_of(work.header, tables), proof=proof)
            except SnapshotRefused:
                await work.verify()  # rather the file's own fault, if it has one
                raise
        await work.verify()
        part = work.into_tables(tables)
        around = await surroundings.look(part.connection, target.side)
        staged = await part.staged()
        left = await part.left(tables)
        if propagate:
            done = await _merge(part, staged, around, surroundings.Parting(), propagate=True)
            return replace(done, notes=(*done.notes, *left))
        main = target if target.side is Side.MAIN else other
        reason = f"{target.side} was restored from {name}, and {target.side.other} was not to follow"
        async with surroundings.parted(main, reason, by) as parting:
            done = await _merge(part, staged, around, parting, propagate=False)
        return replace(done, notes=(*done.notes, *left))


async def _merge(
    work: Work,
    staged: Sequence[Staged],
    around: surroundings.Surroundings,
    parting: surroundings.Parting,
    *,
    propagate: bool,
) -> Restored:
    connection, side = work.connection, work.side
    hold = partial(connection.execute, statement("hold_link", PACKAGE), side.other)
    pairs = [one.pair for one in staged]
    async with write_locked(
        connection, side, pairs, captured=propagate, first=hold if around.installed else None
    ) as role:
        found = await merging.compare(connection, staged)
        await merging.merge(connection, staged, found, role=role, side=side)
        if around.installed and propagate:
            names = [str(one.pair.entity) for one in staged]
            reason = "restored from a snapshot"
            await connection.execute(statement("live_to_recheck", PACKAGE), names, reason)
        shapes = {one.table.entity: one.pair.target for one in staged}
        await sequences.move(connection, work.header.sequences, shapes, work.schemas)
        parting.done = bool(found.differing)
    entities = [one.pair.entity for one in staged]
    notes = around.notes(entities, propagate=propagate)
    paused = parting.done and around.installed and not propagate
    return Restored(found.tables, sum(one.digest.rows for one in staged), notes, paused=paused)


async def _create(work: Work, scripts: SchemaSql, *, proof: bool) -> Restored:
    """Make tables where there are none, in one pass: nobody sees them before the file was found whole."""
    connection, header = work.connection, work.header
    proof = proof or connection.get_server_version().major != header.server_version // _MAJOR
    # Repeatable read, as the catalog is read.
    async with connection.transaction(isolation="repeatable_read"), work.feed() as feed:
        notes = await creation.make_extensions(connection, scripts)
        held = await creation.create(connection, feed, header, scripts, work.side, proof=proof)
        shapes = await read_shapes(connection, work.schemas)
        by_entity = {head.entity: shapes[head.name] for head in work.heads}
        await sequences.move(connection, header.sequences, by_entity, work.schemas)
    notes += await creation.fill_views(connection, work.schemas)
    counts = {entity: Counts(inserted=rows) for entity, rows in held.items()}
    return Restored(counts, sum(held.values()), (*notes, *header.notes, *_MADE_NOTES), created=True)
