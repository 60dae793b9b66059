"""Reads a source's changelog by windows. Only what is durable at the source is handed on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import asyncpg

from cdc.catalog import read_shapes
from cdc.change import Batch, CapturedTable, Change
from cdc.model import Entity, Op
from cdc.position import Position, Seen, Witness
from cdc.session import Connection
from cdc.shape import Shapes
from cdc.stats import BATCH_BYTES, BATCH_ROWS
from triggers.statements import statement

_WORK_MEM: Final = "64MB"
"""Enough to sort a batch in memory: what is long in it lies in TOAST, and is not sorted along."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a large window: up to the sequence number `high`, the changes of some transactions."""

    high: int
    changes: int
    first_txid: int
    last_txid: int


class Reader:
    """Reads one source over one connection."""

    def __init__(
        self, connection: Connection, *, batch_rows: int = BATCH_ROWS, batch_bytes: int = BATCH_BYTES
    ) -> None:
        """Take the connection and the largest batch in rows and bytes (one row may exceed the latter)."""
        self._connection = connection
        self._rows = batch_rows
        self._bytes = batch_bytes
        self._tables: dict[int, CapturedTable] = {}
        self.shapes: Shapes = {}

    @property
    def connection(self) -> Connection:
        """The session with the source."""
        return self._connection

    async def prepare(self) -> None:
        """Set the session up (index scans always: the changelog's statistics lag behind), learn the tables."""
        await self._connection.execute(
            "SET enable_seqscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan; "
            f"SET work_mem = '{_WORK_MEM}'"
        )
        await self.read_tables()

    async def read(self, position: Position) -> Batch:
        """Read the next changes after `position`; empty, with `after` moved on, when there are none."""
        if position.window_to is None:
            rows = await self._connection.fetch(
                statement("read_window", "cdc"), str(position.seen), self._rows, self._bytes
            )
        else:
            rows = await self._connection.fetch(
                statement("read_page", "cdc"),
                str(position.seen),
                str(position.window_to),
                position.last_seq,
                self._rows,
                self._bytes,
            )
        if rows[0]["seq"] is not None and not rows[0]["durable"]:
            await self._connection.execute(statement("flush", "cdc"))
        if rows[0]["seq"] is not None:
            await self._notice({row["table_id"] for row in rows}, rows[0]["mark"])
        return self._batch(position, rows)

    async def notice_alterations(self, table_ids: set[int]) -> None:
        """Read the tables anew where one of these has been altered since."""
        mark = await self._connection.fetchval(statement("marks", "cdc"), list(table_ids))
        await self._notice(table_ids, mark)

    async def _notice(self, table_ids: set[int], mark: int) -> None:
        """Compare tables as they were read with the sum of their marks as changes were read."""
        known = [self.shapes.get(table.entity) for i in table_ids if (table := self.known(i)) is not None]
        if sum(shape.mark for shape in known if shape is not None) != mark:
            await self.read_tables()

    async def pages(self, position: Position) -> list[Page]:
        """Cut what is left of a window that is applied in pages."""
        rows = await self._connection.fetch(
            statement("window_pages", "cdc"),
            str(position.seen),
            str(position.window_to),
            position.last_seq,
            self._rows,
            self._bytes,
        )
        return [Page(row["high"], row["changes"], row["first_txid"], row["last_txid"]) for row in rows]

    async def copy(
        self, position: Position, page: Page, output: Callable[[bytes], Coroutine[Any, Any, None]]
    ) -> None:
        """Stream the page after a position in binary COPY format, in the columns of the stage."""
        await self._connection.copy_from_query(
            statement("stage_read", "cdc"),
            str(position.seen),
            str(position.window_to),
            position.last_seq,
            page.high,
            str(page.first_txid),
            str(page.last_txid),
            output=output,
            format="binary",
        )

    async def read_held(self, reached: Position, table_id: int) -> list[Change]:
        """Read a page of the changes of one table that its link passed over while the table was held.

        Args:
            reached: what was applied of the table, inside a window.
            table_id: its number.
        """
        rows = await self._connection.fetch(
            statement("read_held", "cdc"),
            str(reached.seen),
            str(reached.window_to),
            table_id,
            reached.last_seq,
            self._rows,
            self._bytes,
        )
        return [_change(row) for row in rows]

    def _batch(self, position: Position, rows: Sequence[asyncpg.Record]) -> Batch:
        to = Seen.parse(rows[0]["now"])
        if rows[0]["seq"] is None:
            return Batch((), position.finished(to), more=False)
        changes = tuple(_change(row) for row in rows)
        last = changes[-1]
        position = replace(position, witness=Witness(last.txid, last.seq, last.at.isoformat()))
        # All rows the window has were found, and none was left out for its size: the window ends here.
        whole = rows[0]["found"] < self._rows and rows[0]["found"] == len(rows)
        after = position.finished(to) if whole else position.paged(to, changes[-1].seq)
        return Batch(changes, after, more=not whole)

    def known(self, table_id: int) -> CapturedTable | None:
        """The table behind a number; None when the source no longer has it (it was dropped)."""
        return self._tables.get(table_id)

    def number(self, entity: str) -> int | None:
        """The number behind a table's name in the contract's form."""
        return next((i for i, table in self._tables.items() if str(table.entity) == entity), None)

    def key_of(self, entity: str) -> tuple[str, ...]:
        """The columns that name a table's rows, by its name in the contract's form; none where it is not captured."""
        number = self.number(entity)
        known = self.known(number) if number is not None else None
        return known.key_columns if known is not None else ()

    async def learn(self, changes: Sequence[Change]) -> None:
        """Read names anew when a batch has a number that is not known yet."""
        if any(change.table_id not in self._tables for change in changes):
            await self.read_tables()

    async def read_tables(self) -> None:
        """Read the names and keys behind the numbers, and what the tables look like, anew."""
        rows = await self._connection.fetch(statement("captured_tables", "cdc"))
        self._tables = {
            row["id"]: CapturedTable(Entity(row["schema_name"], row["table_name"]), tuple(row["key_columns"]))
            for row in rows
        }
        self.shapes = await read_shapes(
            self._connection, sorted({table.entity.schema for table in self._tables.values()})
        )


def _change(row: asyncpg.Record) -> Change:
    return Change(
        row["seq"],
        int(row["txid"]),
        row["at"],
        row["table_id"],
        Op(row["op"]),
        tuple(row["columns"] or ()),
        row["old"],
        row["new"],
        row["seen"],
    )
