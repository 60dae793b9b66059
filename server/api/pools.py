"""Connections for the API's own reads: few, made when first needed, each statement with a time limit.

They are apart from those of the links, so that a slow query or many clients never keep a change waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, cast

import asyncpg

from cdc.errors import ConnectivityError
from cdc.model import Side
from cdc.session import UNREACHABLE, Connection, connect
from server.databases import Databases

MOST: Final = 4
"""Connections of a side."""
WAIT_SECONDS: Final = 5.0
"""Seconds to wait for a free one, and for a server to let a new one in."""
STATEMENT_MS: Final = 15_000
IDLE_SECONDS: Final = 60.0

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Pools:
    """A pool for each side.

    Args:
        databases: gives both sides; raises while they are not known.
    """

    def __init__(self, databases: Callable[[], Databases]) -> None:
        self._databases = databases
        self._pools: dict[Side, Pool] = {}
        self._making = asyncio.Lock()

    @asynccontextmanager
    async def connection(self, side: Side) -> AsyncIterator[Connection]:
        """Lend a connection to a side.

        Raises:
            ConnectivityError: the side is away, or all its connections are in use for too long.
        """
        pool = await self._pool(side)
        try:
            connection = await pool.acquire(timeout=WAIT_SECONDS)
        except TimeoutError as error:
            raise ConnectivityError(
                f"{side} did not answer within {WAIT_SECONDS:g} seconds", hint="try again in a moment"
            ) from error
        try:
            yield cast("Connection", connection)
        except (*UNREACHABLE, asyncpg.InternalClientError) as error:
            raise ConnectivityError(
                f"{side} went away: {error or type(error).__name__}", hint="try again in a moment"
            ) from error
        finally:
            await pool.release(connection)

    @asynccontextmanager
    async def both(self) -> AsyncIterator[tuple[Connection, Connection]]:
        """Lend a connection to MAIN and one to BACKUP, always taken in this order.

        Raises:
            ConnectivityError: one of them is away.
        """
        async with self.connection(Side.MAIN) as main, self.connection(Side.BACKUP) as backup:
            yield main, backup

    async def close(self) -> None:
        """Drop all connections."""
        for pool in self._pools.values():
            pool.terminate()
        self._pools.clear()

    async def _pool(self, side: Side) -> Pool:
        async with self._making:
            if side not in self._pools:
                endpoint = self._databases().endpoint(side)

                async def connected(*_: Any, **__: Any) -> Connection:
                    connection = await connect(endpoint, "api", timeout=WAIT_SECONDS)
                    await connection.execute(f"SET statement_timeout = {STATEMENT_MS}")
                    return connection

                self._pools[side] = await asyncpg.create_pool(
                    min_size=0,
                    max_size=MOST,
                    max_inactive_connection_lifetime=IDLE_SECONDS,
                    connect=connected,
                    reset=_as_it_is,
                )
            return self._pools[side]


async def _as_it_is(_: object) -> None:
    """Leave a connection's settings alone: nobody changes them."""
