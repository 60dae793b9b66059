"""A transaction in which nobody else writes to the tables that are compared and written; readers go on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from cdc.errors import ConnectivityError
from cdc.model import Side
from cdc.patience import Patience, read_patience
from cdc.session import Connection
from cdc.table_pair import TablePair
from cdc.target import may_set_replica_role
from triggers.identifiers import joined, qualified
from triggers.statements import render, statement

PATIENCE_S: Final = 60.0
"""How long other transactions' locks are waited for in all."""
TRY_MS: Final = 500
LAST_TRIES_MS: Final = 2_500
"""Once half the patience is gone. Autovacuum gives its lock up to who has waited for deadlock_timeout, not before."""
_BUSY: Final = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError)


@asynccontextmanager
async def write_locked(
    connection: Connection,
    side: Side,
    pairs: Sequence[TablePair],
    *,
    captured: bool = False,
    first: Callable[[], Awaitable[object]] | None = None,
) -> AsyncIterator[str | None]:
    """Hold the tables against writers until the block ends.

    Args:
        connection: outside a transaction; one begins and is committed with the block.
        side: what the database is called in messages.
        pairs: the tables.
        captured: what the block writes is captured like any other write.
        first: what is to be locked before the tables, at each try.

    Yields:
        The replication role it works under, None where the role may not set one.

    Raises:
        ConnectivityError: others kept their locks for a minute.
    """
    role = "replica" if await may_set_replica_role(connection) else None
    patience = await read_patience(connection)
    until = asyncio.get_running_loop().time() + PATIENCE_S
    while True:
        transaction = connection.transaction()
        await transaction.start()
        try:
            late = asyncio.get_running_loop().time() > until - PATIENCE_S / 2
            await connection.execute(f"SET LOCAL lock_timeout = {LAST_TRIES_MS if late else TRY_MS}")
            if first is not None:
                await first()
            if pairs:
                await _lock(connection, pairs, patience, late=late)
            await connection.execute(f"SET LOCAL lock_timeout = {int(PATIENCE_S * 1000)}")
            await connection.execute(statement("copy_begin_apply", "cdc"), role, "on")
            if captured:
                await connection.execute("SET LOCAL cdc.applying = off")
            break
        except _BUSY as error:
            await transaction.rollback()
            if asyncio.get_running_loop().time() > until:
                raise ConnectivityError(
                    f"tables of {side} stay locked by others: {error}",
                    hint="end the transactions that hold them (see pg_locks); this is tried again",
                ) from error
            await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - spreads tries, guards nothing
    try:
        yield role
    except BaseException:
        if not connection.is_closed():
            await transaction.rollback()
        raise
    await transaction.commit()


async def _lock(
    connection: Connection, pairs: Sequence[TablePair], patience: Patience, *, late: bool
) -> None:
    """Lock all tables in less time than after which an application that waits for one of them looks for a deadlock.

    Late, one that somebody has is waited for longer, before any other is locked: nobody can wait for us so far.
    """
    if late:
        entities = [one.entity for one in pairs]
        names = [each.schema for each in entities], [each.table for each in entities]
        found = await connection.fetchrow(statement("compare_locked", "cdc"), *names)
        if found is not None:
            await connection.execute(
                render("compare_lock", "cdc", tables=qualified(found["schema"], found["name"]))
            )
    await connection.execute(f"SET LOCAL statement_timeout = {patience.statement_timeout}")
    await connection.execute(
        render("compare_lock", "cdc", tables=joined(one.relation for one in pairs)),
    )
    await connection.execute("SET LOCAL statement_timeout = 0")
