"""A snapshot file as it is read: unsealed, inflated, split into tables and rows, and checked on the way.

Every pass checks everything, so a restore that reads the file a second time needs no trust in the first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cdc.snapshot.format import Footer, Header, TableHead
from cdc.snapshot.storage import Source


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table, whole lines as they stand in the file; rows.to_copy turns them into COPY's text.

    A table without rows comes once, with none.
    """

    table: TableHead
    lines: bytes
    count: int


class SnapshotReader:
    """A pass over a file. `header` is there from the start, `footer` and `sha256` once `rows` has ended."""

    header: Header
    footer: Footer
    sha256: str
    """Of the file as it is stored."""

    async def rows(self) -> AsyncIterator[Rows]:
        """The rows of every table in the order of the file, some hundred KiB at a time.

        Raises:
            SnapshotDamaged: the file is not as it was written. What was given before is not to be trusted.
        """
        if self.header.tables:
            raise NotImplementedError
        yield Rows(self.header.tables[0], b"", 0)


@asynccontextmanager
async def read_snapshot(source: Source, *, key: bytes | None = None) -> AsyncIterator[SnapshotReader]:
    """Begin a pass over an open file; several may follow each other on the same `source`.

    Args:
        source: from `store.open(name)`.
        key: the secret that encrypted files are read with.

    Raises:
        SnapshotForeign: it is none of ours.
        SnapshotSealed: it is encrypted with another key, or none was given.
        SnapshotDamaged: its beginning is not as it was written.
    """
    if key is None or source.size_bytes:
        raise NotImplementedError
    yield SnapshotReader()
