"""Rows from one database straight into another, in constant memory: one's COPY OUT is the other's COPY IN."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Literal

from cdc.session import Connection

CHUNK_BYTES: Final = 64 * 1024
PART_BYTES: Final = 1024 * 1024
"""Of a message that is larger than this, which the driver holds whole, so much is handed on at a time."""
CHUNKS: Final = 8
"""At most this many chunks wait between the two servers; the source's COPY waits for the target's."""


class _Belt:
    """A bounded queue of bytes that ends, or breaks off with the producer's error."""

    def __init__(self, moved: Callable[[int], None]) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(CHUNKS)
        self._held = bytearray()
        self._moved = moved

    async def put(self, data: bytes) -> None:
        # The server sends a message for every row; small ones are joined, large ones handed on in parts.
        if len(data) > PART_BYTES:
            await self.flush()
            for first in range(0, len(data), PART_BYTES):
                await self._queue.put(data[first : first + PART_BYTES])
            return
        self._held += data
        if len(self._held) >= CHUNK_BYTES:
            await self.flush()

    async def flush(self) -> None:
        if self._held:
            await self._queue.put(bytes(self._held))
            self._held.clear()

    async def end(self) -> None:
        await self.flush()
        await self._queue.put(None)

    async def chunks(self) -> AsyncIterator[bytes]:
        while (chunk := await self._queue.get()) is not None:
            self._moved(len(chunk))
            yield chunk


def _ignore(_size: int) -> None:
    pass


async def pipe(
    source: Connection,
    query: str,
    target: Connection,
    table: tuple[str, str],
    columns: Sequence[str],
    *,
    binary: bool,
    moved: Callable[[int], None] = _ignore,
) -> int:
    """Copy the rows of a query into a table of the other database.

    Args:
        source: where the query runs, in the caller's transaction.
        query: a SELECT without parameters, its columns in the order of `columns`.
        target: where the rows are written, in the caller's transaction.
        table: schema and name of the table there.
        columns: its columns.
        binary: the binary format; False where both sides' types differ or hold oids.
        moved: told the size in bytes of each piece that was handed on.

    Returns:
        How many rows were copied.

    Raises:
        asyncpg.PostgresError: either server refused; the first of both errors.
    """
    belt = _Belt(moved)
    form: Literal["binary", "text"] = "binary" if binary else "text"

    async def produce() -> None:
        await source.copy_from_query(query, output=belt.put, format=form)
        await belt.end()

    producer = asyncio.create_task(produce())
    consumer = asyncio.create_task(
        target.copy_to_table(
            table[1], schema_name=table[0], columns=list(columns), source=belt.chunks(), format=form
        )
    )
    try:
        await asyncio.wait({producer, consumer}, return_when=asyncio.FIRST_EXCEPTION)
        for task in (consumer, producer):
            if task.done() and not task.cancelled() and task.exception():
                raise task.exception() or RuntimeError
        return int(consumer.result().split()[-1])
    finally:
        for task in (producer, consumer):
            task.cancel()
        await asyncio.gather(producer, consumer, return_exceptions=True)
