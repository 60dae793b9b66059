"""Several connections that read the tables of one moment at once, and hand them over a table after the other.

A table's rows stand together in the file, in no order of their own: parts of a large table come mixed, in whole rows.
What was read ahead is bounded; a reader waits until its rows are taken.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from cdc.copy_tasks import LAST_PAGE, PART_PAGES
from cdc.session import UNREACHABLE, Connection, Endpoint, connect
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.moment import PURPOSE, Table
from cdc.snapshot.rows import to_json
from cdc.snapshot.too_large import LIMITS, too_large
from cdc.table_copy import import_snapshot
from triggers.identifiers import Composed, fragment, identifier_list, number
from triggers.statements import render

WORKERS: Final = max(1, min(4, os.cpu_count() or 1))
_CHUNK_BYTES: Final = 128 * 1024
_CHUNKS: Final = 8
"""At most so many chunks of a table wait to be taken."""


@dataclass(slots=True)
class _Stream:
    """The rows of one table on their way. `parts` are those that have not ended."""

    table: Table
    parts: int
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(_CHUNKS))

    async def chunks(self) -> AsyncIterator[bytes]:
        while chunk := await self.queue.get():
            yield chunk

    async def part_ended(self) -> None:
        self.parts -= 1
        if not self.parts:
            await self.queue.put(b"")


@dataclass(frozen=True, slots=True)
class _Part:
    stream: _Stream
    query: str


async def read_tables(
    endpoint: Endpoint,
    exported: str,
    tables: Sequence[Table],
    take: Callable[[Table, AsyncIterator[bytes]], Awaitable[None]],
    *,
    workers: int = WORKERS,
    utf8: bool = True,
) -> None:
    """Read tables and give each in turn to `take`, as chunks of whole lines of JSON.

    Args:
        endpoint: the side.
        exported: name of the snapshot that all readers see.
        tables: in the order wanted.
        take: called for one table after the other; it must take all chunks.
        workers: connections at once.
        utf8: whether the database sees to it that texts are UTF-8.

    Raises:
        ConnectivityError: the side cannot be reached.
        SnapshotRefused: the server refuses to give a table's rows, or a text is not UTF-8.
    """
    streams = [_Stream(table, 0) for table in tables]
    waiting = deque(part for stream in streams for part in _parts(stream))
    count = max(1, min(workers, len(waiting)))
    crew = _Crew(endpoint, exported, waiting, utf8)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(count if waiting else 0):
                group.create_task(crew.work())
            for stream in streams:
                await take(stream.table, stream.chunks())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _parts(stream: _Stream) -> list[_Part]:
    shape = stream.table.shape
    columns = identifier_list((column.name for column in shape.columns), "t")
    # ONLY: what inherits from it in the classic way is a table of its own in the file.
    table = shape.relation if stream.table.partitioned else fragment("ONLY {table}", table=shape.relation)
    if not stream.table.divisible or stream.table.pages <= PART_PAGES:
        stream.parts = 1
        return [_Part(stream, render("copy_rows", "cdc", columns=columns, table=table))]
    starts = list(range(0, stream.table.pages, PART_PAGES))
    stream.parts = len(starts)
    return [
        _Part(stream, _pages(columns, table, first, end))
        for first, end in zip(starts, [*starts[1:], LAST_PAGE], strict=True)
    ]


def _pages(columns: Composed, table: Composed, first: int, end: int) -> str:
    return render(
        "copy_rows_of_pages", "cdc", columns=columns, table=table, first=number(first), end=number(end)
    )


@dataclass(frozen=True, slots=True)
class _Crew:
    """Readers that take parts from one list until it is empty, in its order: so none waits for a later one."""

    endpoint: Endpoint
    exported: str
    waiting: deque[_Part]
    utf8: bool

    async def work(self) -> None:
        connection = await connect(self.endpoint, PURPOSE)
        try:
            transaction = connection.transaction(isolation="repeatable_read", readonly=True)
            await transaction.start()
            await import_snapshot(connection, self.exported)
            while self.waiting:
                await self._read(connection, self.waiting.popleft())
            await transaction.commit()
            await connection.close(timeout=10)
        finally:
            # Cut off in the middle of a COPY, it could not be asked to roll back.
            connection.terminate()

    async def _read(self, connection: Connection, part: _Part) -> None:
        out = _Output(part.stream, self.utf8)
        try:
            await connection.copy_from_query(part.query, output=out.take)
        except UNREACHABLE:
            raise
        except asyncpg.PostgresError as error:
            refused = await self._too_large(part) if error.sqlstate in LIMITS else None
            raise refused or SnapshotRefused(
                f"{part.stream.table.shape.entity} cannot be read: {error}",
                hint="read the table with psql's \\copy: what fails there fails here",
            ) from error
        await out.flush()
        await part.stream.part_ended()

    async def _too_large(self, part: _Part) -> SnapshotRefused | None:
        """Name the row that has no text; the reader's own session has met an error and cannot be asked."""
        connection = await connect(self.endpoint, PURPOSE)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await import_snapshot(connection, self.exported)
                return await too_large(connection, part.stream.table.shape)
        finally:
            connection.terminate()


@dataclass(slots=True)
class _Output:
    """Where one COPY writes to."""

    stream: _Stream
    utf8: bool
    held: bytearray = field(default_factory=bytearray)

    async def take(self, data: bytes) -> None:
        """Gather what the server sends, a row or some."""
        if not self.held and len(data) >= _CHUNK_BYTES and data.endswith(b"\n"):
            await self.stream.queue.put(self._json(data))
            return
        self.held += data
        if len(self.held) >= _CHUNK_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Hand on what there is. The server sends whole lines; should it ever not, the rest waits."""
        end = self.held.rfind(b"\n") + 1
        if end:
            text = bytes(memoryview(self.held)[:end])
            del self.held[:end]
            await self.stream.queue.put(self._json(text))

    def _json(self, text: bytes) -> bytes:
        shape = self.stream.table.shape
        if not self.utf8:
            try:
                text.decode()
            except UnicodeDecodeError as error:
                raise SnapshotRefused(
                    f"{shape.entity} holds a text that is not UTF-8 ({error.reason})",
                    hint="the database's encoding is SQL_ASCII; correct the text, or convert the database to UTF8",
                ) from None
        return to_json(text, len(shape.columns))
