"""What a status says of backups, read in two statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from cdc.session import Connection
from cdc.snapshot.history import PACKAGE, Entry, interpret
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class VerifiedFacts:
    """The newest full backup that was found whole. Times in UTC."""

    filepath: str
    created_at: datetime
    verified_at: datetime
    tested_at: datetime | None
    test_status: str | None


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """Backups at one instant.

    Attributes:
        now: MAIN's clock, which the times of entries are by.
        last: the last full backup that has ended, however.
        good: the last one that was written or found unchanged.
        trial: the last trial restore.
        running: what runs now.
        verified: the newest full backup that was found whole.
        files: snapshot files that are there; `bytes` is their size in all.
        damaged: those of them that are not whole.
        missing: those that have vanished since yesterday.
    """

    now: datetime
    last: Entry | None = None
    good: Entry | None = None
    trial: Entry | None = None
    running: Entry | None = None
    verified: VerifiedFacts | None = None
    files: int = 0
    bytes: int = 0
    damaged: int = 0
    missing: int = 0


async def read(main: Connection) -> BackupFacts | None:
    """Read what there is to say of backups; None where schema cdc is older than they are.

    Args:
        main: to MAIN, where schema cdc is installed.
    """
    try:
        rows = await main.fetch(statement("facts_history", PACKAGE))
        found = await main.fetchrow(statement("facts_snapshots", PACKAGE))
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return None
    if found is None:
        return None
    entries = {row["what"]: interpret(_without(dict(row), "what")) for row in rows}
    verified = None
    if found["filepath"] is not None:
        verified = VerifiedFacts(
            found["filepath"],
            found["created_at"],
            found["verified_at"],
            found["tested_at"],
            found["test_status"],
        )
    return BackupFacts(
        now=found["now"],
        last=entries.get("last"),
        good=entries.get("good"),
        trial=entries.get("trial"),
        running=entries.get("running"),
        verified=verified,
        files=found["files"],
        bytes=found["bytes"],
        damaged=found["damaged"],
        missing=found["missing"],
    )


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}
