"""One consistent snapshot of a database, written to a store and read back before it gets its name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cdc.session import Endpoint
from cdc.snapshot.errors import SnapshotDamaged, StoreFull
from cdc.snapshot.format import (
    Footer,
    Header,
    TableFoot,
    encode_footer,
    encode_header,
    table_begin,
    table_end,
)
from cdc.snapshot.heading import read_header
from cdc.snapshot.moment import Moment, Table, hold
from cdc.snapshot.names import Kind, is_ours, make
from cdc.snapshot.packing import Packing
from cdc.snapshot.progress import Pace, Progress
from cdc.snapshot.readers import read_tables
from cdc.snapshot.storage import Source, Store
from cdc.snapshot.summing import Summing
from cdc.snapshot.verify import Verified, verify_source

_RESERVE_BYTES: Final = 4 * 1024 * 1024
_LOOKED_AT: Final = 20
_SEPARATOR: Final = len(b",\n")


@dataclass(frozen=True, slots=True)
class Written:
    """A snapshot that is in the store and was read back. `sha256` is that of the file itself."""

    name: str
    filepath: str
    size_bytes: int
    record_count: int
    sha256: str
    seen: str
    tables: Mapping[str, TableFoot]
    notes: tuple[str, ...] = ()


async def write_snapshot(
    endpoint: Endpoint,
    store: Store,
    *,
    kind: Kind,
    include_history: bool = False,
    key: bytes | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Written:
    """Write everything in the endpoint's schemas as one moment had it. Cancelling leaves no file.

    Args:
        endpoint: the side to read.
        store: where to.
        kind: FULL for backups, EXPORT for files that people asked for; the name tells them apart.
        include_history: also the rows of cdc.backup_history and cdc.backup_config.
        key: a secret to encrypt the file with.
        progress: told how far it is, some times a second.

    Raises:
        ConnectivityError: the side cannot be reached.
        SnapshotRefused: a table cannot be read by this role, or is locked for long.
        StoreError: the store is full or cannot be written to.
        SnapshotDamaged: what was read back is not what was written; it got no name.
    """
    at = datetime.now(UTC)
    await _check_room(store)
    pending = await store.begin(make(kind, at, sealed=key is not None))
    try:
        async with (
            hold(endpoint, include_history=include_history) as moment,
            Packing(pending, key) as packing,
        ):
            with Summing() as summing:
                document = _Document(endpoint, moment, packing, summing, Pace(progress))
                header = await document.write(kind, at)
        done = await pending.commit(lambda source: _check(source, packing, document, key))
    except BaseException:
        await asyncio.shield(pending.abort())
        raise
    name, verified = done
    return Written(
        name=name,
        filepath=store.filepath(name),
        size_bytes=verified.size_bytes,
        record_count=verified.footer.rows,
        sha256=verified.sha256,
        seen=header.seen,
        tables=verified.footer.tables,
        notes=header.notes,
    )


async def _check_room(store: Store) -> None:
    """Look before the work whether there is room for a snapshot like the largest of the last ones."""
    free = await store.free_bytes()
    if free is None:
        return
    last = [file for file in await store.files() if is_ours(file.name)][-_LOOKED_AT:]
    wanted = max((file.size_bytes for file in last), default=0) + _RESERVE_BYTES
    if free < wanted:
        raise StoreFull(
            f"{store.location} has {free} bytes left; a snapshot takes about {wanted}",
            hint="free some space, or keep fewer snapshots (BACKUP_RETENTION_DAYS, BACKUP_MAX_BYTES)",
        )


async def _check(source: Source, packing: Packing, document: _Document, key: bytes | None) -> Verified:
    """Read the file back. That it fits itself is not enough: it must be what was written.

    Raises:
        SnapshotDamaged: it is not.
    """
    found = await verify_source(source, key=key, progress=document.pace.tell)
    if (found.sha256, found.size_bytes) != (packing.sha256, packing.size_bytes):
        raise SnapshotDamaged("what was read back is not what was written")
    return found


@dataclass(slots=True)
class _Document:
    """The document as it is written: header, tables, footer."""

    endpoint: Endpoint
    moment: Moment
    packing: Packing
    summing: Summing
    pace: Pace
    feet: dict[str, TableFoot] = field(default_factory=dict)
    left: int = 0
    rows: int = 0

    async def write(self, kind: Kind, at: datetime) -> Header:
        """Write all of it."""
        header = await read_header(self.endpoint, self.moment, kind=kind, at=at)
        await self.packing.write(encode_header(header))
        by_name = {table.shape.entity: table for table in self.moment.tables}
        tables = [by_name[head.name] for head in header.tables]
        self.left = len(tables)
        await read_tables(
            self.endpoint,
            self.moment.snapshot.exported,
            tables,
            self._table,
            utf8=header.encoding != "SQL_ASCII",
        )
        await self.packing.write(encode_footer(Footer(self.feet, self.rows)))
        await self.packing.finish()
        return header

    async def _table(self, table: Table, chunks: AsyncIterator[bytes]) -> None:
        entity = str(table.shape.entity)
        count, held = 0, b""
        await self.packing.write(table_begin(entity))
        total = sum(each.rows for each in self.moment.tables)
        async for chunk in chunks:
            # The last row has no comma, and which one is the last shows only at the end.
            await self._rows(held)
            await self._rows(memoryview(chunk)[:-_SEPARATOR])
            held = chunk[-_SEPARATOR:]
            count += chunk.count(b"\n")
            self.pace.tell(Progress("READING", entity, self.rows + count, max(total, self.rows + count)))
        if held:
            await self._rows(b"\n")
        self.rows += count
        self.left -= 1
        self.feet[entity] = TableFoot(count, await self.summing.result())
        await self.packing.write(table_end(last=not self.left))

    async def _rows(self, lines: bytes | memoryview) -> None:
        await self.summing.add(lines)
        await self.packing.write(lines)
