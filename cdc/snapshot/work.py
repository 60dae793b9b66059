"""A snapshot file held open, and the database that it is to be restored into."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import asyncpg

from cdc.catalog import read_shapes
from cdc.contact_state import opened
from cdc.errors import ConnectivityError
from cdc.model import Entity, Side
from cdc.session import UNREACHABLE, Connection, Endpoint
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.feed import Feed
from cdc.snapshot.format import Footer, Header, TableHead
from cdc.snapshot.plan import match, wanted
from cdc.snapshot.progress import Pace, Progress
from cdc.snapshot.reading import read_snapshot
from cdc.snapshot.staging import PACKAGE, Staged, stage_all
from cdc.snapshot.storage import Source, Store
from cdc.snapshot.verify import verify_source
from triggers.choice import MIGRATION_TABLES
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Work:
    """One restore, or a preview. `heads`: the file's tables that are wanted."""

    source: Source
    key: bytes | None
    header: Header
    heads: tuple[TableHead, ...]
    endpoint: Endpoint
    connection: Connection
    pace: Pace

    @property
    def side(self) -> Side:
        """What the database is called."""
        return self.endpoint.side

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas that the file is of, and those that are synced."""
        return tuple(dict.fromkeys((*self.header.schemas, *self.endpoint.schemas)))

    async def verify(self) -> Footer:
        """Read the open file from end to end before the database hears of it; `feed` then reads it again.

        Raises:
            SnapshotDamaged: it is not as it was written.
        """
        return (await verify_source(self.source, key=self.key, progress=self.pace.tell)).footer

    @asynccontextmanager
    async def feed(self) -> AsyncIterator[Feed]:
        """A pass over the file that brings its rows, and checks all of it."""
        done = 0

        def moved(table: TableHead, rows: int) -> None:
            nonlocal done
            done += rows
            self.pace.tell(Progress("RESTORING", table.entity, done, None))

        names = {head.name for head in self.heads}
        async with read_snapshot(self.source, key=self.key) as reader, Feed(reader, names, moved) as feed:
            yield feed

    def into_tables(self, tables: Sequence[str]) -> Work:
        """The same for a database that has its tables: what migration tools wrote down of it stays true.

        Args:
            tables: the ones that people chose.
        """
        kept = (h for h in self.heads if h.table not in MIGRATION_TABLES or h.entity in tables)
        return replace(self, heads=tuple(kept))

    async def staged(self) -> list[Staged]:
        """The file's rows, brought to the database.

        Raises:
            SnapshotRefused: the database's tables are not like those of the file, or it takes a row for no row.
        """
        shapes = match(self.heads, await read_shapes(self.connection, self.schemas), self.side)
        async with self.feed() as feed:
            return await stage_all(self.connection, feed, {shape.entity: shape for shape in shapes})

    async def left(self, tables: Sequence[str]) -> tuple[str, ...]:
        """Notes on tables that stay as they are although nobody chose so."""
        if tables:
            return ()
        notes = []
        rows = await self.connection.fetch(statement("people_tables", PACKAGE), list(self.schemas))
        restored = {head.name for head in self.heads}
        for row in rows:
            entity = Entity(row["schema_name"], row["table_name"])
            if entity in restored:
                continue
            why = "it is not in the snapshot"
            if entity.table in MIGRATION_TABLES:
                why = "it tells of the schema, which is not restored"
            notes.append(f"{entity} stays as it is: {why}")
        return tuple(notes)


@asynccontextmanager
async def begun(
    store: Store,
    name: str,
    endpoint: Endpoint,
    tables: Sequence[str],
    *,
    key: bytes | None,
    progress: Callable[[Progress], None] | None,
) -> AsyncIterator[Work]:
    """Hold the file and a connection open.

    Raises:
        SnapshotForeign: the file is none of ours.
        SnapshotDamaged: its beginning is not as it was written.
        SnapshotRefused: it lacks a table that is wanted; or, in the block, the server refused something.
        ConnectivityError: the database cannot be reached, or went away.
    """
    async with _named_faults(endpoint.side), AsyncExitStack() as stack:
        source = await stack.enter_async_context(store.open(name))
        async with read_snapshot(source, key=key) as reader:
            header = reader.header
        heads = wanted(header, tables)
        connection = await stack.enter_async_context(opened(endpoint))
        yield Work(source, key, header, heads, endpoint, connection, Pace(progress))


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
