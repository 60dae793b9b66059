"""Brings a large window to the target as one binary stream, so that Python reads none of its rows.

Only plain windows are staged: no TRUNCATE, one list of columns per table, no table that is held or whose
columns do not fit. Anything else, and any batch that raises, goes the ordinary way, page by page.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final

import asyncpg

from cdc.change import CapturedTable
from cdc.fit import check_types
from cdc.model import Op
from cdc.position import Position, Witness
from cdc.reader import Reader
from cdc.target import Target
from cdc.workset import Part
from triggers.identifiers import Composed, fragment
from triggers.statements import statement

ROWS: Final = 100_000
"""Changes staged at a time."""
QUEUE: Final = 8
"""Pieces of the stream, of up to some hundred kB each, between the two servers."""
STAGED: Final = fragment(
    "(SELECT s.seq, s.txid, s.old, s.new FROM pg_temp.cdc_stage s "
    "WHERE s.table_id = $1::int AND s.columns = $2::text[] AND s.seq > $3::bigint AND s.seq <= $4::bigint) b"
)


@dataclass(frozen=True, slots=True)
class StagedChanges:
    """One table's changes of a staged batch, from beyond `low` up to `high`."""

    table_id: int
    columns: tuple[str, ...]
    low: int
    high: int
    count: int
    op: Op | None
    inserts: bool

    @property
    def batch(self) -> Composed:
        """The staged rows."""
        return STAGED

    def arguments(self) -> tuple[int, list[str], int, int]:
        """Table, columns, and the bounds of the batch."""
        return self.table_id, list(self.columns), self.low, self.high


@dataclass(frozen=True, slots=True)
class StagedBatch:
    """A batch that lies on the target already, and the position that holds once it is applied."""

    parts: list[Part]
    after: Position
    changes: int
    last_at: datetime

    @property
    def counts(self) -> Counter[int]:
        """How many of the changes each table has, by its number."""
        counts = Counter[int]()
        for part in self.parts:
            counts[part.table_id] += part.count
        return counts


class Stage:
    """The staging table of one link's target session, and the batches still to be applied from it."""

    def __init__(self, reader: Reader, target: Target, *, rows: int, size: int) -> None:
        """Take the link's reader and target, and the largest batch in rows and bytes."""
        self._reader = reader
        self._target = target
        self._rows = rows
        self._size = size
        self.batches: deque[StagedBatch] = deque()

    async def fill(self, position: Position, held: set[str]) -> None:
        """Bring the window's next changes to the target; `batches` stays empty where they are not plain.

        Args:
            position: inside a window that is applied in pages.
            held: tables that are passed over.

        Raises:
            asyncpg.PostgresError: a server refused its part; nothing was applied.
        """
        self.batches.clear()
        await self._target.connection.execute(statement("stage_make", "cdc"))
        await self._pipe(position)
        rows = await self._target.connection.fetch(statement("stage_parts", "cdc"))
        tables = [row["table_id"] for row in rows]
        if not rows or any(row["truncates"] for row in rows) or len(set(tables)) < len(tables):
            return
        shapes = self._reader.shapes
        await self._reader.notice_alterations(set(tables))
        if self._reader.shapes is not shapes:
            return
        found = [(row, self._reader.known(row["table_id"])) for row in rows]
        if not all(
            [table is not None and await self._fits(table, row["columns"], held) for row, table in found]
        ):
            return
        await self._cut(position)

    async def _cut(self, position: Position) -> None:
        low = position.last_seq or 0
        rows = await self._target.connection.fetch(statement("stage_batches", "cdc"), self._rows, self._size)
        for _, group in groupby(rows, key=lambda row: row["batch"]):
            tables = list(group)
            high = max(row["hi"] for row in tables)
            parts: list[Part] = [
                StagedChanges(
                    row["table_id"],
                    tuple(row["columns"]),
                    low,
                    high,
                    row["changes"],
                    Op(row["op"]) if row["op"] else None,
                    row["inserts"],
                )
                for row in tables
            ]
            last = next(row for row in tables if row["hi"] == high)
            witness = Witness(int(last["txid"]), high, last["at"].isoformat())
            after = replace(position.paged(position.window_to or position.seen, high), witness=witness)
            count, last_at = sum(part.count for part in parts), max(row["last_at"] for row in tables)
            self.batches.append(StagedBatch(parts, after, count, last_at))
            low = high

    async def _fits(self, table: CapturedTable, columns: list[str], held: set[str]) -> bool:
        if str(table.entity) in held:
            return False
        mapping = await self._target.mapping(table.entity, tuple(columns), table.key_columns)
        former = self._target.former.get(str(table.entity))
        check_types(mapping, self._reader.shapes.get(table.entity), former)
        return not mapping.missing

    async def _pipe(self, position: Position) -> None:
        """Copy binary rows from server to server through a short queue."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE)

        async def pieces() -> AsyncIterator[bytes]:
            while (piece := await queue.get()) is not None:
                yield piece

        async def read() -> None:
            await self._reader.copy(position, ROWS, queue.put)
            await queue.put(None)

        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(read())
                group.create_task(
                    self._target.connection.copy_to_table(
                        "cdc_stage", schema_name="pg_temp", source=pieces(), format="binary"
                    )
                )
        except* (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as errors:
            raise _first(errors) from errors


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that the other side's error follows from."""
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
