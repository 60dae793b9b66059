"""The history of operations, `cdc.backup_history` on MAIN: what ran, for whom, and how it ended.

An entry is RUNNING from before its operation does anything until the operation itself says how it ended. What
a killed process left RUNNING is INTERRUPTED once somebody holds the operation lock and so knows that nobody
runs it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg

from cdc.errors import ConfigurationError
from cdc.session import Connection
from triggers.statements import statement

MOST: Final = 500
"""The largest page."""
PACKAGE: Final = "cdc.snapshot"
LONGEST_ERROR: Final = 4000
UNCHANGED_HOURS: Final = 24
"""Hours for which it is kept that nothing had changed: a minute's rhythm says so 1,440 times a day."""
MOST_KEPT: Final = 10_000
"""Most entries, but for those of files that are there, of restores and of first copies."""


class Kind(StrEnum):
    """What an operation does."""

    FULL = "FULL"
    EXPORT = "EXPORT"
    RESTORE = "RESTORE"
    INITIAL_COPY = "INITIAL_COPY"
    VERIFY = "VERIFY"


class Status(StrEnum):
    """How an operation stands. UNCHANGED: no file, because the last one still holds everything."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    UNCHANGED = "UNCHANGED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"
    NOT_TESTABLE = "NOT_TESTABLE"


LOCKED: Final = frozenset(Kind) - {Kind.INITIAL_COPY}
"""Kinds that run one at a time; a first copy has a lock of its own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation. Sizes in bytes, times in UTC; `progress` only while it runs."""

    id: int
    type: Kind
    status: Status
    record_count: int | None
    duration_ms: int | None
    size_bytes: int | None
    filepath: str | None
    sha256: str | None
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    actor: str | None
    progress: Mapping[str, Any] | None
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ended, for its entry."""

    status: Status
    record_count: int | None = None
    size_bytes: int | None = None
    filepath: str | None = None
    sha256: str | None = None
    error: str | None = None
    detail: Mapping[str, Any] | None = None


async def page(
    connection: Connection,
    *,
    limit: int = 50,
    cursor: str | None = None,
    kind: Kind | None = None,
    status: Status | None = None,
) -> tuple[list[Entry], str | None]:
    """Read one page of the history, the newest first.

    Args:
        connection: to MAIN.
        limit: most entries, 1 to MOST.
        cursor: what the page before gave for the next one.
        kind: only operations of this kind.
        status: only entries of this status.

    Returns:
        The entries, and the cursor of the next page or None.

    Raises:
        ConfigurationError: the cursor is none of ours.
    """
    limit = max(1, min(limit, MOST))
    before = None if cursor is None else _position(cursor)
    rows = await connection.fetch(statement("history_page", PACKAGE), before, kind, status, limit + 1)
    entries = [_entry(row) for row in rows[:limit]]
    return entries, str(entries[-1].id) if len(rows) > limit else None


async def get(connection: Connection, number: int) -> Entry | None:
    """Read one entry; None where there is none of that id."""
    return _found(await connection.fetchrow(statement("history_get", PACKAGE), number))


async def begin(
    connection: Connection,
    kind: Kind,
    *,
    actor: str,
    runner: str,
    detail: Mapping[str, Any] | None = None,
) -> Entry:
    """Note that an operation begins, before it does anything.

    Args:
        connection: to MAIN.
        kind: what it does.
        actor: who asked for it.
        runner: names the process, and this one of its operations.
        detail: what is known of it beforehand.
    """
    text = None if detail is None else json.dumps(detail, default=str)
    row = await connection.fetchrow(statement("history_begin", PACKAGE), kind, actor, runner, text)
    if row is None:
        raise LookupError("cdc.backup_history did not take an entry")
    return _entry(row)


async def note_progress(connection: Connection, number: int, progress: Mapping[str, Any]) -> Entry | None:
    """Note how far an operation is; None where its entry does not run any more."""
    text = json.dumps(progress, default=str)
    return _found(await connection.fetchrow(statement("history_progress", PACKAGE), number, text))


async def asked(connection: Connection, number: int) -> tuple[Status | None, str | None]:
    """Read whether an operation is to go on: the status of its entry, and who wants it to end."""
    row = await connection.fetchrow(statement("history_asked", PACKAGE), number)
    return (None, None) if row is None else (Status(row["status"]), row["cancel_by"])


async def ask_to_end(connection: Connection, number: int, by: str) -> bool:
    """Ask the process that runs an operation to end it. Returns whether it runs."""
    return await connection.fetchval(statement("history_cancel", PACKAGE), number, by) is not None


async def finish(
    connection: Connection, number: int, runner: str, ending: Ending, *, duration_ms: int
) -> Entry | None:
    """Note how an operation ended. Said twice it is the same.

    Returns:
        The entry; None where it is gone or belongs to another runner.
    """
    error = None if ending.error is None else ending.error.replace("\0", "")[:LONGEST_ERROR]
    row = await connection.fetchrow(
        statement("history_finish", PACKAGE),
        number,
        runner,
        ending.status,
        ending.record_count,
        ending.size_bytes,
        ending.filepath,
        ending.sha256,
        error,
        None if ending.detail is None else json.dumps(ending.detail, default=str),
        duration_ms,
    )
    return _found(row)


async def interrupt_left_running(connection: Connection, kinds: Collection[Kind] = LOCKED) -> list[Entry]:
    """Mark entries as INTERRUPTED that a process left behind which ended before they did.

    Args:
        connection: to MAIN; its session holds the lock that such operations run under.
        kinds: the kinds that run under that lock.
    """
    rows = await connection.fetch(statement("history_interrupt", PACKAGE), sorted(kinds))
    return [_entry(row) for row in rows]


async def prune(connection: Connection, *, days: int) -> int:
    """Remove old entries, and more than there is use for; those of files that are there stay.

    Args:
        connection: to MAIN.
        days: days that entries are kept; those of restores and first copies are kept for good.

    Returns:
        How many were removed.
    """
    removed: int = await connection.fetchval(
        statement("history_prune", PACKAGE), days, UNCHANGED_HOURS, MOST_KEPT
    )
    return removed


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):  # noqa: PLR2004 - digits of a bigint
        raise ConfigurationError("the cursor is not one of ours", hint="Take nextCursor as it was given.")
    return int(cursor)


def interpret(values: Mapping[str, Any]) -> Entry:
    """Make an entry of its columns. Pure."""
    progress, detail = values["progress"], values["detail"]
    known = {
        **values,
        "type": Kind(values["type"]),
        "status": Status(values["status"]),
        "progress": None if progress is None else json.loads(progress),
        "detail": {} if detail is None else json.loads(detail),
    }
    return Entry(**known)


def _found(row: asyncpg.Record | None) -> Entry | None:
    return None if row is None else _entry(row)


def _entry(row: asyncpg.Record) -> Entry:
    return interpret(dict(row))
