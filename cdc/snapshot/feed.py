"""A snapshot's rows, table by table, as COPY takes them, read ahead of the server that takes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from cdc.model import Entity
from cdc.snapshot.format import Footer, TableHead
from cdc.snapshot.reading import Rows, SnapshotReader
from cdc.snapshot.rows import to_copy

_AHEAD: Final = 3
"""At most so many pieces, about a MiB each, wait for the server."""


@dataclass(frozen=True, slots=True)
class _Piece:
    table: TableHead
    text: bytes
    count: int


class Feed:
    """One pass over a file; use as `async with`.

    `tables` says whose rows come next, `chunks` gives them. What is not taken is skipped.
    """

    def __init__(
        self, reader: SnapshotReader, wanted: Collection[Entity], moved: Callable[[TableHead, int], None]
    ) -> None:
        """Take a reader at its start, the tables wanted, and who is told of rows as they are handed on."""
        self._reader = reader
        self._wanted = wanted
        self._moved = moved
        self._queue: asyncio.Queue[_Piece | BaseException | None] = asyncio.Queue(_AHEAD)
        self._next: _Piece | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._task = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def footer(self) -> Footer:
        """What the file says of its tables; there once `tables` has ended."""
        return self._reader.footer

    async def tables(self) -> AsyncIterator[TableHead]:
        """The wanted tables in the order of the file; each once the rows of the one before are taken or skipped.

        Raises:
            SnapshotDamaged: the file is not as it was written; also where only its end shows that.
        """
        await self._advance()
        while self._next is not None:
            table = self._next.table
            yield table
            async for _ in self.chunks(table):
                pass

    async def chunks(self, table: TableHead) -> AsyncIterator[bytes]:
        """The rows of the table that is next, in COPY's text form.

        Raises:
            SnapshotDamaged: as for `tables`.
        """
        while self._next is not None and self._next.table is table:
            if self._next.count:
                yield self._next.text
                self._moved(table, self._next.count)
            await self._advance()

    async def _advance(self) -> None:
        found = await self._queue.get()
        if isinstance(found, BaseException):
            raise found
        self._next = found

    async def _read(self) -> None:
        """Read and convert while the server works on what was read before."""
        try:
            async for rows in self._reader.rows():
                if rows.table.name in self._wanted:
                    await self._queue.put(await asyncio.to_thread(_piece, rows))
        except Exception as error:  # noqa: BLE001 - raised where the rows are taken
            await self._queue.put(error)
        else:
            await self._queue.put(None)


def _piece(rows: Rows) -> _Piece:
    text = to_copy(rows.lines, len(rows.table.columns)) if rows.count else b""
    return _Piece(rows.table, text, rows.count)
