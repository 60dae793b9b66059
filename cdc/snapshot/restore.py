"""Puts a snapshot file's rows into a database: in one transaction, and only those that differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cdc.session import Endpoint
from cdc.snapshot.plan import Restored, RestorePlan
from cdc.snapshot.progress import Progress
from cdc.snapshot.storage import Store


async def preview(
    store: Store,
    name: str,
    endpoint: Endpoint,
    *,
    tables: Sequence[str] = (),
    samples: int = 0,
    key: bytes | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> RestorePlan:
    """Count what a restore would write. Nothing is written or locked.

    Args:
        store: where the file is.
        name: its name there.
        endpoint: the database.
        tables: only these, by the contract's names; none: all of the file.
        samples: so many records of each table are named.
        key: the secret that encrypted files are read with.
        progress: told how far it is.

    Raises:
        SnapshotNotFound: there is no such file.
        SnapshotForeign: it is none of ours.
        SnapshotDamaged: it is not as it was written.
        SnapshotRefused: the database has another schema.
        ConnectivityError: the database cannot be reached.
    """
    raise NotImplementedError


async def restore(
    store: Store,
    name: str,
    target: Endpoint,
    other: Endpoint,
    *,
    tables: Sequence[str] = (),
    propagate: bool,
    by: str,
    two_way: bool = True,
    key: bytes | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Restored:
    """Make a database's tables what they are in the file. Cancelled or killed, nothing is written.

    Args:
        store: where the file is.
        name: its name there.
        target: the database to write to.
        other: the other side, whose pauses are kept on MAIN.
        tables: only these, by the contract's names; none: all of the file.
        propagate: the writes are captured and the other side follows; else they are not, and both links are
            paused until `cdc resync` says which side counts.
        by: who asks for it, for the note on the pause.
        two_way: whether BACKUP's changes are carried to MAIN.
        key: the secret that encrypted files are read with.
        progress: told how far it is.

    Raises:
        SnapshotNotFound: there is no such file.
        SnapshotForeign: it is none of ours.
        SnapshotDamaged: it is not as it was written.
        SnapshotRefused: it does not fit the database, or its constraints or triggers stand in the way.
        ConnectivityError: a database cannot be reached, or its tables stay locked by others.
    """
    raise NotImplementedError
