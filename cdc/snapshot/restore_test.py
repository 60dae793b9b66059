"""Proof that a snapshot can be restored: it is, into a database made for it, and every row is read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal

from cdc.session import Endpoint
from cdc.snapshot.progress import Progress
from cdc.snapshot.storage import Store


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """How a trial went. `tables`: rows by entity that came back as they are in the file."""

    status: Literal["COMPLETED", "FAILED", "NOT_TESTABLE"]
    reason: str = ""
    tables: Mapping[str, int] = field(default_factory=dict)


async def restore_test(
    store: Store,
    name: str,
    scratch: AbstractAsyncContextManager[Endpoint],
    *,
    key: bytes | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> TrialOutcome:
    """Restore a snapshot into an empty database and compare every table with what the file says.

    Args:
        store: where the file is.
        name: its name there.
        scratch: gives an empty database of a server where anything may be done, and takes it away again.
        key: the secret that encrypted files are read with.
        progress: told how far it is.

    Returns:
        NOT_TESTABLE where that server lacks a type, an extension or a collation, or is older than the snapshot's;
        FAILED where a row is not what it was, or the file is damaged.

    Raises:
        SnapshotNotFound: there is no such file.
        ConnectivityError: the scratch database went away.
    """
    raise NotImplementedError
