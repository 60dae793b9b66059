"""Connections of the engine: the same pinned settings on every one of them.

Images are texts, so what PostgreSQL prints must not depend on a database's or a role's defaults.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from cdc.errors import ConnectivityError, SessionRefused
from cdc.faults import Blame, judge
from cdc.model import Side
from triggers.identifiers import identifier_list
from triggers.statements import statement

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

PINNED = {
    "search_path": "pg_catalog",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "xmloption": "content",
    "array_nulls": "on",
    "standard_conforming_strings": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    # A policy must give an error, never a silently shorter copy.
    "row_security": "off",
    "synchronous_commit": "on",
    # Whoever waits says so himself.
    "lock_timeout": "0",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    # A kill must be noticed by the server, or its session would go on holding the position.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

UNREACHABLE = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
)
"""What is raised when a database went away rather than refused something."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a side is. `dsn` is a libpq URI without Prisma's parameters; it may hold a password."""

    side: Side
    dsn: str
    schemas: tuple[str, ...] = ("public",)

    def __repr__(self) -> str:
        """Leave the DSN out: representations end up in logs."""
        return f"Endpoint({self.side})"


async def connect(endpoint: Endpoint, purpose: str, *, timeout: float = 10) -> Connection:  # noqa: ASYNC109 - asyncpg's own
    """Open a connection with the pinned settings.

    Args:
        endpoint: the side to reach.
        purpose: a word for `application_name`, so that people can tell our sessions apart.
        timeout: seconds until the attempt is given up.

    Raises:
        ConnectivityError: the server cannot be reached or does not let us in now.
    """
    try:
        return await _begin(endpoint, purpose, timeout)
    except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError) as error:
        raise ConnectivityError(
            f"{endpoint.side} refuses the login: {error}", hint="check the user and password in its URL"
        ) from error
    except asyncpg.InvalidCatalogNameError as error:
        raise ConnectivityError(
            f"{endpoint.side}: {error}", hint="create the database, or correct the name in its URL"
        ) from error
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise ConnectivityError(
            f"{endpoint.side} is a standby, which takes no writes",
            hint="name the primary in its URL; should this one be promoted, that is noticed",
        ) from error
    except (*UNREACHABLE, ssl.SSLError) as error:
        reason = str(error) or type(error).__name__
        raise ConnectivityError(
            f"{endpoint.side} cannot be reached: {reason}",
            hint="check that the server runs and that its URL is right; this is retried without end",
        ) from error


async def _begin(endpoint: Endpoint, purpose: str, seconds: float) -> Connection:
    path = str(identifier_list(endpoint.schemas))
    connection: Connection = await asyncpg.connect(
        endpoint.dsn,
        timeout=seconds,
        statement_cache_size=400,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
        target_session_attrs=SessionAttribute.primary,
        server_settings={**PINNED, "cdc.schemas": path, "application_name": f"cdc {purpose}"},
    )
    try:
        await connection.execute(statement("session_pin", "cdc"), timeout=seconds)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def execute_as_applications(connection: Connection, sql: str) -> None:
    """Carry out DDL, in a transaction or outside of one, for which event triggers of people's own may fire.

    They find what they name as applications do. So `sql` prints no values: what is pinned for these does not hold.

    Args:
        connection: from `connect`.
        sql: one or several statements.
    """
    # Sent together, they are one transaction where there is none yet.
    begin, end = statement("as_applications_begin", "cdc"), statement("as_applications_end", "cdc")
    await connection.execute(f"{begin}; {sql}; {end}")


async def make_private(connection: Connection, sql: str) -> None:
    """Make or drop something that is a session's own, see `execute_as_applications`.

    Args:
        connection: from `connect`.
        sql: what is made or dropped, in pg_temp.

    Raises:
        SessionRefused: the role has no right to temporary objects, or an event trigger raised.
    """
    try:
        await execute_as_applications(connection, sql)
    except asyncpg.PostgresError as error:
        if judge(error.sqlstate).blame not in {Blame.ROW, Blame.SHAPE}:
            raise
        raise SessionRefused(
            f"the service's session may not make what it needs for itself in pg_temp: {error}",
            hint="GRANT TEMPORARY ON DATABASE ... TO the service's role; where an event trigger of your own raised, "
            "have it leave pg_temp alone",
        ) from error


class Sessions:
    """Connections that are used together: one that is cut is told of at once, whatever the others wait for."""

    def __init__(self, on_cut: Callable[[], None]) -> None:
        """Take what is called when any of them ends."""
        self._on_cut = on_cut
        self.connections: list[Connection] = []

    async def connect(self, endpoint: Endpoint, purpose: str) -> Connection:
        """Open one more, see `connect`."""
        connection = await connect(endpoint, purpose)
        connection.add_termination_listener(lambda _: self._on_cut())
        self.connections.append(connection)
        return connection

    @property
    def cut(self) -> bool:
        """Whether one of them has ended."""
        return any(connection.is_closed() for connection in self.connections)

    def check(self) -> None:
        """Refuse to go on without one of them.

        Raises:
            ConnectionError: one has ended.
        """
        if self.cut:
            raise ConnectionError("a session has ended")

    def close(self) -> None:
        """Drop all; what was not committed is rolled back by the server."""
        for connection in self.connections:
            connection.terminate()
        self.connections.clear()
