"""Puts a snapshot file's rows into a database: in one transaction, and only those that differ."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import asyncpg

from cdc.catalog import read_shapes
from cdc.contact_state import opened
from cdc.errors import ConnectivityError
from cdc.model import Side
from cdc.session import UNREACHABLE, Connection, Endpoint
from cdc.shape import TableShape
from cdc.snapshot import creation, merging, sequences, surroundings
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.feed import Feed
from cdc.snapshot.format import Footer, Header, TableHead
from cdc.snapshot.plan import Counts, Restored, RestorePlan, broken, match, wanted
from cdc.snapshot.progress import Pace, Progress
from cdc.snapshot.reading import read_snapshot
from cdc.snapshot.staging import PACKAGE, Staged, stage_all
from cdc.snapshot.storage import Source, Store
from cdc.snapshot.verify import verify_source
from cdc.write_lock import write_locked
from triggers.statements import render, statement

_MADE_NOTES = (
    "the new tables are not captured yet: `cdc run` and `cdc install-triggers` do that",
    "a snapshot holds no grants: give the application's roles their rights",
)


@dataclass(frozen=True, slots=True)
class _Work:
    """A whole file, held open, and the database it is for."""

    source: Source
    key: bytes | None
    header: Header
    footer: Footer
    heads: tuple[TableHead, ...]
    endpoint: Endpoint
    connection: Connection
    pace: Pace

    @property
    def side(self) -> Side:
        return self.endpoint.side

    @property
    def rows(self) -> int:
        return sum(self.footer.tables[head.entity].rows for head in self.heads)

    @property
    def schemas(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.header.schemas, *self.endpoint.schemas)))

    @asynccontextmanager
    async def feed(self) -> AsyncIterator[Feed]:
        """Another pass over the file."""
        done = 0

        def moved(table: TableHead, rows: int) -> None:
            nonlocal done
            done += rows
            self.pace.tell(Progress("RESTORING", table.entity, done, self.footer.rows))

        async with read_snapshot(self.source, key=self.key) as reader:
            yield Feed(reader, moved)

    async def shapes(self) -> list[TableShape]:
        """The database's tables for those of the file."""
        return match(self.heads, await read_shapes(self.connection, self.schemas), self.side)

    async def staged(self, shapes: Sequence[TableShape]) -> list[Staged]:
        """The file's rows, brought to the database."""
        async with self.feed() as feed:
            return await stage_all(self.connection, feed, {shape.entity: shape for shape in shapes})


@asynccontextmanager
async def _named_faults(side: Side) -> AsyncIterator[None]:
    """Say in our words what a server did not do; nothing was written then."""
    try:
        yield
    except UNREACHABLE as error:
        raise ConnectivityError(
            f"the restore of {side} was cut: {error or type(error).__name__}",
            hint="nothing was written, unless only the answer to the commit is missing; look, and start again",
        ) from error
    except asyncpg.PostgresError as error:
        raise SnapshotRefused(f"{side} refused: {error}", hint="nothing was written") from error


@asynccontextmanager
async def _begun(
    store: Store,
    name: str,
    endpoint: Endpoint,
    tables: Sequence[str],
    *,
    key: bytes | None,
    progress: Callable[[Progress], None] | None,
) -> AsyncIterator[_Work]:
    """Hold the file open and see that it is whole, before the database hears of it."""
    async with _named_faults(endpoint.side), AsyncExitStack() as stack:
        source = await stack.enter_async_context(store.open(name))
        pace = Pace(progress)
        whole = await verify_source(source, key=key, progress=pace.tell)
        heads = wanted(whole.header, tables)
        connection = await stack.enter_async_context(opened(endpoint))
        yield _Work(source, key, whole.header, whole.footer, heads, endpoint, connection, pace)


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
    async with _begun(store, name, endpoint, tables, key=key, progress=progress) as work:
        if await creation.is_empty(work.connection, work.schemas):
            creation.scripts_of(work.header, tables)
            counts = {head.entity: Counts(work.footer.tables[head.entity].rows) for head in work.heads}
            return RestorePlan(counts, work.header.notes, creates=True)
        shapes = await work.shapes()
        staged = await work.staged(shapes)
        transaction = work.connection.transaction()
        await transaction.start()
        found = await merging.compare(work.connection, staged, samples)
        await transaction.rollback()
        return RestorePlan(found.tables, tuple(broken(shapes)), found.samples)


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
    async with _begun(store, name, target, tables, key=key, progress=progress) as work:
        if await creation.is_empty(work.connection, work.schemas):
            return await _create(work, tables)
        shapes = await work.shapes()
        around = await surroundings.look(work.connection, target.side)
        staged = await work.staged(shapes)
        if propagate:
            return await _merge(work, staged, around, surroundings.Parting(), propagate=True)
        main = target if target.side is Side.MAIN else other
        reason = f"{target.side} was restored from {name}, and {target.side.other} was not to follow"
        async with surroundings.parted(main, reason, by) as parting:
            return await _merge(work, staged, around, parting, propagate=False)


async def _merge(
    work: _Work,
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
    return Restored(found.tables, work.rows, notes, paused=paused)


async def _create(work: _Work, tables: Sequence[str]) -> Restored:
    """Make tables where there are none. Nobody else has seen them before they are whole."""
    connection, header = work.connection, work.header
    scripts = creation.scripts_of(header, tables)
    notes = await creation.make_extensions(connection, scripts)
    # Repeatable read, as the catalog is read.
    async with connection.transaction(isolation="repeatable_read"), work.feed() as feed:
        held = await creation.create(connection, feed, header, scripts, work.side)
        creation.check(held, work.footer.tables, work.side)
        shapes = await read_shapes(connection, work.schemas)
        by_entity = {head.entity: shapes[head.name] for head in work.heads}
        await sequences.move(connection, header.sequences, by_entity, work.schemas)
    for shape in by_entity.values():
        await connection.execute(render("copy_analyze", "cdc", table=shape.relation))
    notes += await creation.fill_views(connection, work.schemas)
    counts = {entity: Counts(inserted=foot.rows) for entity, foot in held.items()}
    return Restored(counts, work.rows, (*notes, *header.notes, *_MADE_NOTES), created=True)
