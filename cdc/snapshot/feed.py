"""A snapshot's rows, table by table, as COPY takes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from cdc.snapshot import rows
from cdc.snapshot.format import TableHead
from cdc.snapshot.reading import Rows, SnapshotReader


class Feed:
    """One pass over a file. `tables` says whose rows come next, `chunks` gives them; what is not taken is skipped."""

    def __init__(self, reader: SnapshotReader, moved: Callable[[TableHead, int], None]) -> None:
        """Take a reader at its start, and who is told of a table's rows as they are handed on."""
        self._rows = reader.rows()
        self._moved = moved
        self._next: Rows | None = None

    async def tables(self) -> AsyncIterator[TableHead]:
        """The tables in the order of the file; each once the rows of the one before have been taken or skipped.

        Raises:
            SnapshotDamaged: the file is not as it was written; also where only its end shows that.
        """
        self._next = await anext(self._rows, None)
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
                yield rows.to_copy(self._next.lines, len(table.columns))
                self._moved(table, self._next.count)
            self._next = await anext(self._rows, None)
