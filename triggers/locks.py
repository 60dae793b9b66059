"""Transactions that take a lock briefly or not at all, so that an application never waits long for us."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from triggers.catalog import Connection
from triggers.errors import TriggerError
from triggers.statements import statement

Result = TypeVar("Result")

SHORT_MS = 500
"""How long one try waits for a lock. Writers that come later queue behind us so long."""

LONG_MS = 1600
"""Every fifth try: longer than deadlock_timeout, after which PostgreSQL cancels an autovacuum in our way."""

LONG_EVERY = 5
PATIENCE = 60.0
"""Seconds that one run waits for locks in all."""

BUSY = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)


class Patience:
    """How much longer a run may wait for locks, over all its tables."""

    def __init__(self, seconds: float = PATIENCE) -> None:
        self._until = time.monotonic() + seconds

    def exhausted(self, state: RetryCallState) -> bool:
        """Tell tenacity to stop: every table has its first try, then the common time counts."""
        return state.attempt_number > 1 and time.monotonic() >= self._until


@asynccontextmanager
async def transaction(connection: Connection, *, lock_ms: int = SHORT_MS) -> AsyncIterator[None]:
    """A read-committed transaction that depends on none of the session's settings.

    Args:
        connection: outside a transaction.
        lock_ms: how long each lock in it may be waited for.

    Raises:
        TriggerError: the connection is in a transaction already.
    """
    if connection.is_in_transaction():
        raise TriggerError(
            "The connection is inside a transaction.", hint="Give a connection of its own; nothing was done."
        )
    async with connection.transaction(isolation="read_committed", readonly=False):
        await connection.execute(statement("transaction_begin"), str(lock_ms))
        yield


async def shorten(connection: Connection, lock_ms: int) -> None:
    """Wait less for the further locks of a transaction than for its first one.

    Writers wait for what we hold while we wait for more, and nobody so long that PostgreSQL looks for a deadlock,
    which might be found to be the application's fault.
    """
    await connection.execute(statement("transaction_shorten"), str(max(1, lock_ms)))


async def patiently(
    connection: Connection, work: Callable[[], Awaitable[Result]], patience: Patience
) -> Result:
    """Do the work in a transaction of its own, again and again while a lock is taken by others.

    Raises:
        asyncpg.LockNotAvailableError: the patience is used up; nothing was done.
        asyncpg.DeadlockDetectedError: as above.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(BUSY),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        stop=patience.exhausted,
        reraise=True,
    )
    async for attempt in retrying:
        with attempt:
            long = attempt.retry_state.attempt_number % LONG_EVERY == 0
            async with transaction(connection, lock_ms=LONG_MS if long else SHORT_MS):
                result = await work()
    return result


@asynccontextmanager
async def install_lock(connection: Connection) -> AsyncIterator[None]:
    """Be the only installer in this database; twenty that start at once take turns.

    Raises:
        TriggerError: another installer works longer than we care to wait.
    """
    try:
        async with transaction(connection, lock_ms=int(PATIENCE * 1000)):
            await connection.execute(statement("install_lock"))
    except asyncpg.LockNotAvailableError as error:
        raise TriggerError(
            f"Another installer has been at work in this database for {PATIENCE:.0f} seconds.",
            hint="Wait for it, or find it in pg_locks (advisory, classid 6513763, objid 3).",
        ) from error
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute(statement("install_unlock"))


async def blockers(connection: Connection, relids: Sequence[int]) -> str:
    """Say which sessions hold locks on a table or its partitions, for a message."""
    rows = await connection.fetch(statement("table_blockers"), relids)
    return (
        ", ".join(
            f"pid {row['pid']}"
            + (f" ({row['application']})" if row["application"] else "")
            + (f" since {row['since']}" if row["since"] else "")
            for row in rows
        )
        or "a session that has gone meanwhile"
    )
