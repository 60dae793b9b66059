"""Brings a page of a large window to the target as a binary stream, so that Python reads none of its rows.

Only plain pages are staged: no TRUNCATE, no change recorded by key only, one list of columns per table, no table
that is held or whose columns do not fit. Anything else, and any page that raises, goes the ordinary way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import asyncpg

from cdc.change import CapturedTable
from cdc.fit import check_types
from cdc.model import Op
from cdc.numbers import fed, follow
from cdc.pages import Pages
from cdc.position import Position, Witness
from cdc.reader import Reader
from cdc.session import make_private
from cdc.target import Target
from cdc.workset import Part
from triggers.identifiers import Composed, fragment
from triggers.statements import statement

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
    """The staging table of one link's target session."""

    def __init__(self, reader: Reader, target: Target) -> None:
        """Take the link's reader and target."""
        self._reader = reader
        self._target = target
        self._pages = Pages(reader)

    async def fill(self, position: Position, held: Collection[int]) -> StagedBatch | None:
        """Bring the window's next page to the target; None where it is not plain, or the window is at its end.

        While the batch is applied the source's session reads on; see `leave`.

        Args:
            position: inside a window that is applied in pages.
            held: numbers of tables that are passed over.

        Raises:
            asyncpg.PostgresError: a server refused its part; nothing was applied.
            SessionRefused: the target refuses the table that a page is brought to.
        """
        loaded = await self._pages.take(position)
        if loaded is None:
            return None
        connection = self._target.connection
        await make_private(connection, statement("stage_make", "cdc"))
        await connection.copy_to_table(
            "cdc_stage", schema_name="pg_temp", source=loaded.stream(), format="binary"
        )
        rows = await connection.fetch(statement("stage_parts", "cdc"))
        if not await self._plain(rows, held):
            return None
        batch = _batch(position, rows)
        self._pages.read_ahead(batch.after)
        return batch

    async def leave(self) -> None:
        """Forget what was read ahead; only then may others use the source's session."""
        await self._pages.leave()

    def close(self) -> None:
        """Give up what is being read; the sessions end."""
        self._pages.close()

    async def _plain(self, rows: Sequence[asyncpg.Record], held: Collection[int]) -> bool:
        tables = [row["table_id"] for row in rows]
        if any(row["apart"] for row in rows) or len({*tables} - {*held}) < len(tables):
            return False
        shapes = self._reader.shapes
        await self._reader.notice_alterations(set(tables))
        if self._reader.shapes is not shapes:
            return False
        found = [(row, self._reader.known(row["table_id"])) for row in rows]
        if not all([table is not None and await self._fits(table, row["columns"]) for row, table in found]):
            return False
        drawn = []
        for row, table in found:
            if table is not None and row["op"] != Op.DELETE:
                mapping = self._target.mapped(table.entity, tuple(row["columns"]))
                drawn += [each for _, each in fed(mapping, mapping.shape.drawn, inserts=row["inserts"])]
        await follow(self._reader.connection, self._target.connection, drawn)
        return True

    async def _fits(self, table: CapturedTable, columns: list[str]) -> bool:
        mapping = await self._target.mapping(table.entity, tuple(columns), table.key_columns)
        former = self._target.former.get(table.entity)
        check_types(mapping, self._reader.shapes.get(table.entity), former)
        return not mapping.missing


def _batch(position: Position, rows: Sequence[asyncpg.Record]) -> StagedBatch:
    last = max(rows, key=lambda row: row["hi"])
    low, high = position.last_seq or 0, last["hi"]
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
        for row in rows
    ]
    witness = Witness(int(last["txid"]), high, last["at"].isoformat())
    after = replace(position.paged(position.window_to or position.seen, high), witness=witness)
    return StagedBatch(parts, after, sum(part.count for part in parts), max(row["last_at"] for row in rows))
