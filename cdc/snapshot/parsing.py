"""The document inside a snapshot, line by line as it comes: what must follow what, and that it all adds up.

No input or output: bytes in, rows out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from cdc.snapshot import rows
from cdc.snapshot.errors import SnapshotDamaged
from cdc.snapshot.format import (
    BEGIN,
    END,
    HEADER_LIMIT,
    TABLES,
    Footer,
    Header,
    TableFoot,
    TableHead,
    decode_footer,
    decode_header,
    table_begin,
    table_end,
)

T = TypeVar("T")
Steps: TypeAlias = Generator[None, None, T]

LINE_LIMIT: Final = 1024 * 1024 * 1024
"""The longest row that is read, in bytes: no text of PostgreSQL's is longer."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table, whole lines as they stand in the file; rows.to_copy turns them into COPY's text.

    A table without rows comes once, with none.
    """

    table: TableHead
    lines: bytes
    count: int


class Parser:
    """One pass. Give it the document in pieces; `header` and `footer` are there once they were met."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.footer: Footer | None = None
        self._held = bytearray()
        self._out: list[Rows] = []
        self._found: dict[str, TableFoot] = {}
        self._steps = self._document()
        next(self._steps)

    def feed(self, piece: bytes) -> list[Rows]:
        """Take a piece and give the rows that are whole.

        Raises:
            SnapshotForeign: it is no document of ours.
            SnapshotDamaged: something is not as it must be.
        """
        self._held += piece
        self._out = []
        next(self._steps)
        return self._out

    def finish(self) -> tuple[Header, Footer]:
        """What the document said about itself, which is what was found in it.

        Raises:
            SnapshotDamaged: it is not whole.
        """
        if self.header is None or self.footer is None:
            raise SnapshotDamaged("it ends before its footer")
        if self._held:
            raise SnapshotDamaged("something follows its footer")
        return self.header, self.footer

    def _document(self) -> Steps[None]:
        """Go on as far as what was given allows; each `yield` waits for more."""
        while len(self._held) < len(BEGIN):
            yield
        if not self._held.startswith(BEGIN):
            decode_header(bytes(self._held[: len(BEGIN)]))
        self.header = decode_header((yield from self._line()))
        yield from self._expect(TABLES)
        for number, table in enumerate(self.header.tables, 1):
            yield from self._expect(table_begin(table.entity))
            yield from self._table(table, table_end(last=number == len(self.header.tables)))
        yield from self._expect(END)
        footer = decode_footer((yield from self._line()))
        self._check(footer)
        self.footer = footer
        while True:
            yield

    def _line(self) -> Steps[bytes]:
        start = 0
        while not (end := self._held.find(b"\n", start) + 1):
            start = len(self._held)
            if start > HEADER_LIMIT:
                raise SnapshotDamaged("a line of it has no end")
            yield
        return self._take(end)

    def _expect(self, wanted: bytes) -> Steps[None]:
        line = yield from self._line()
        if line != wanted:
            raise SnapshotDamaged(f"where {_shown(wanted)} belongs there is {_shown(line)}")

    def _table(self, table: TableHead, end: bytes) -> Steps[None]:
        digest, count, more, start = hashlib.sha256(), 0, True, 0
        while True:
            whole = self._held.rfind(b"\n", start) + 1
            if not whole:
                start = len(self._held)
                if start > LINE_LIMIT:
                    raise SnapshotDamaged(f"a row of {table.entity} has no end")
                yield
                continue
            start = 0
            if self._held.startswith(b"]"):
                break
            lines, many = self._rows(table, whole)
            if not more:
                raise SnapshotDamaged(f"in the rows of {table.entity}, a comma is missing")
            more = lines.endswith(b",\n")
            digest.update(lines)
            count += many
            self._out.append(Rows(table, lines, many))
        if count and more:
            raise SnapshotDamaged(f"the last row of {table.entity} is missing")
        if not count:
            self._out.append(Rows(table, b"", 0))
        self._found[table.entity] = TableFoot(count, digest.hexdigest())
        yield from self._expect(end)

    def _rows(self, table: TableHead, whole: int) -> tuple[bytes, int]:
        """The lines up to the table's end, and their number."""
        many = self._held.count(b"\n", 0, whole)
        if not rows.are_rows(self._held, whole, many):
            # That is so where the table ends among them, or where something is wrong.
            whole = self._held.find(b"\n]", 0, whole) + 1 or whole
            many = self._held.count(b"\n", 0, whole)
            if not rows.are_rows(self._held, whole, many):
                raise SnapshotDamaged(f"in the rows of {table.entity}, a line is not a row")
        lines = self._take(whole)
        if not rows.have_columns(lines, len(table.columns), many):
            raise SnapshotDamaged(
                f"in the rows of {table.entity}, a row does not have {len(table.columns)} values"
            )
        return lines, many

    def _take(self, size: int) -> bytes:
        taken = bytes(memoryview(self._held)[:size])
        del self._held[:size]
        return taken

    def _check(self, footer: Footer) -> None:
        for entity, found in self._found.items():
            said = footer.tables.get(entity)
            if said is None or said.rows != found.rows:
                raise SnapshotDamaged(
                    f"{entity} has {found.rows} rows, its footer says {said.rows if said else 'nothing'}"
                )
            if said.sha256 != found.sha256:
                raise SnapshotDamaged(f"the checksum of {entity} does not fit its rows")
        if footer.tables.keys() != self._found.keys():
            raise SnapshotDamaged("its footer names a table that is not in it")
        if footer.rows != sum(found.rows for found in self._found.values()):
            raise SnapshotDamaged("its footer counts other rows than there are")


def _shown(line: bytes) -> str:
    text = line[:40].decode("utf-8", "replace").strip()
    return repr(text + ("…" if len(line) > len(text) + 1 else ""))
