"""The snapshot files that are known, `cdc.snapshot` on MAIN: where each is, and what was found out about it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from cdc.model import Side
from cdc.session import Connection
from cdc.snapshot.history import PACKAGE
from cdc.snapshot.mark import Mark
from cdc.snapshot.names import Kind
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A snapshot file. Times in UTC, sizes in bytes.

    Attributes:
        name: its name in the store.
        filepath: as people write it.
        type: FULL for backups, EXPORT for what people asked for and what was saved before a restore.
        side: the database that it is of.
        history_id: the operation that wrote it; None where that is not known.
        record_count: rows in it; None as long as nobody has read it.
        sha256: of the file.
        verified_at: when it was last read from end to end and found whole.
        tested_at: when it was last restored for trial; `test_status` says with what result.
        fault: what was wrong when it was last looked at.
        pinned_by: who keeps it whatever the retention says.
        missing_at: when it was found to be gone, though nobody here had removed it.
        mark: what says whether anything has changed since.
    """

    name: str
    filepath: str
    type: Kind
    side: Side
    history_id: int | None
    created_at: datetime
    size_bytes: int
    record_count: int | None
    sha256: str | None
    verified_at: datetime | None = None
    tested_at: datetime | None = None
    test_status: str | None = None
    fault: str | None = None
    pinned_by: str | None = None
    missing_at: datetime | None = None
    mark: Mark | None = None

    @property
    def pinned(self) -> bool:
        """Whether it is kept whatever the retention says."""
        return self.pinned_by is not None

    @property
    def usable(self) -> bool:
        """Whether it is there and was found whole."""
        return self.verified_at is not None and self.fault is None and self.missing_at is None


async def known(main: Connection, location: str) -> list[SnapshotInfo]:
    """Read the files that are known of a store, the newest first."""
    return [_info(row) for row in await main.fetch(statement("catalog_list", PACKAGE), location)]


async def put(main: Connection, location: str, info: SnapshotInfo, *, whole: bool) -> None:
    """Note a file, or what is newly known of it.

    Args:
        main: to MAIN.
        location: of the store.
        info: what is known; None in it leaves what was known before.
        whole: whether it was read from end to end just now and found whole.
    """
    await main.execute(
        statement("catalog_put", PACKAGE),
        location,
        info.name,
        info.filepath,
        info.type,
        info.side,
        info.history_id,
        info.created_at,
        info.size_bytes,
        info.record_count,
        info.sha256,
        whole,
        None if info.mark is None else json.dumps(info.mark.as_json()),
    )


async def note_fault(main: Connection, location: str, name: str, fault: str) -> None:
    """Note that a file is not whole; it counts for nothing from now on."""
    await main.execute(statement("catalog_fault", PACKAGE), location, name, fault)


async def note_tested(main: Connection, location: str, name: str, status: str) -> None:
    """Note how a trial restore of a file ended."""
    await main.execute(statement("catalog_tested", PACKAGE), location, name, status)


async def pin(main: Connection, location: str, name: str, by: str | None) -> bool:
    """Keep a file whatever the retention says, or leave it to that again (None). Returns whether it is known."""
    return await main.fetchval(statement("catalog_pin", PACKAGE), location, name, by) is not None


async def note_missing(main: Connection, location: str, names: Collection[str]) -> None:
    """Note files that are gone, though nobody here removed them."""
    await main.execute(statement("catalog_missing", PACKAGE), location, list(names))


async def forget(main: Connection, location: str, name: str) -> None:
    """Forget a file that was removed, and the entry of the backup that wrote it."""
    await main.execute(statement("catalog_forget", PACKAGE), location, name)


def _info(row: asyncpg.Record) -> SnapshotInfo:
    values = dict(row)
    mark = values.pop("mark")
    return SnapshotInfo(
        **{**values, "side": Side(values["side"])},
        mark=None if mark is None else Mark.of_json(json.loads(mark)),
    )
