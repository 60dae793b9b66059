"""One consistent snapshot of a database, written to a store and read back before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from cdc.session import Endpoint
from cdc.snapshot.format import TableFoot
from cdc.snapshot.names import Kind
from cdc.snapshot.storage import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an operation on a file is. `rows_total` is estimated while writing; None where unknown."""

    phase: Literal["READING", "VERIFYING", "RESTORING"]
    entity: str | None
    rows_done: int
    rows_total: int | None


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
    raise NotImplementedError
