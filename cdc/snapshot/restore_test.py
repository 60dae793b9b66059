"""Proof that a snapshot can be restored: it is, into a database made for it, and every row is read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Literal

import asyncpg

from cdc.contact_state import opened
from cdc.session import Endpoint
from cdc.snapshot.errors import SnapshotDamaged, SnapshotForeign, SnapshotRefused
from cdc.snapshot.progress import Progress
from cdc.snapshot.reading import read_snapshot
from cdc.snapshot.restore import restore
from cdc.snapshot.staging import PACKAGE
from cdc.snapshot.storage import Store
from triggers.statements import statement

_MAJOR: Final = 10_000
_LACKING: Final = frozenset(
    {
        asyncpg.UndefinedObjectError.sqlstate,
        asyncpg.FeatureNotSupportedError.sqlstate,
        asyncpg.UndefinedFileError.sqlstate,
    }
)
"""A type, a collation, a kind of index or a library is missing, or was left out when the server was built."""
_UNKNOWN: Final = frozenset(
    {
        asyncpg.UndefinedFunctionError.sqlstate,
        asyncpg.UndefinedTableError.sqlstate,
        asyncpg.InvalidSchemaNameError.sqlstate,
    }
)
"""What an extension that is missing would have brought."""


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
    async with scratch as endpoint:
        try:
            done = await restore(
                store,
                name,
                endpoint,
                endpoint,
                propagate=False,
                by="trial",
                proof=True,
                key=key,
                progress=progress,
            )
        except (SnapshotForeign, SnapshotDamaged) as error:
            return TrialOutcome("FAILED", str(error))
        except SnapshotRefused as error:
            return await _refused(store, name, endpoint, error, key)
    return TrialOutcome("COMPLETED", tables={entity: c.inserted for entity, c in done.tables.items()})


async def _refused(
    store: Store, name: str, endpoint: Endpoint, error: SnapshotRefused, key: bytes | None
) -> TrialOutcome:
    """Tell a snapshot that cannot be restored from one that this server cannot hold."""
    async with store.open(name) as source, read_snapshot(source, key=key) as reader:
        header = reader.header
    if header.schema_sql is None:
        return TrialOutcome("NOT_TESTABLE", str(error))
    state = _sqlstate(error)
    async with opened(endpoint) as connection:
        known = {row["name"] for row in await connection.fetch(statement("known_extensions", PACKAGE))}
        older = connection.get_server_version().major < header.server_version // _MAJOR
    missing = sorted({name for name, _ in header.schema_sql.extensions} - known)
    reason = f"the trial server cannot hold it: {error}"
    if missing and state in _LACKING | _UNKNOWN:
        return TrialOutcome("NOT_TESTABLE", f"{reason}; it has no extension {', '.join(missing)}")
    if state in _LACKING:
        return TrialOutcome("NOT_TESTABLE", reason)
    if older and state is not None:
        return TrialOutcome("NOT_TESTABLE", f"{reason}; it is older than the snapshot's")
    return TrialOutcome("FAILED", str(error))


def _sqlstate(error: BaseException) -> str | None:
    """What the server said that led to an error; None where it was not the server that refused."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, asyncpg.PostgresError):
        cause = cause.__cause__
    return None if cause is None else cause.sqlstate
