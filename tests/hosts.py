"""The servers that tests make databases on, and the session that does it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import quote, urlsplit

import asyncpg

from cdc.model import Side
from server.embedded import Cluster
from triggers.identifiers import identifier

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
FIRST_WITH_STRATEGY: Final = 15
"""The version of PostgreSQL from which on it can be said how a database is copied."""


@dataclass(frozen=True, slots=True)
class Login:
    """A role of the same name and password on both servers."""

    name: str
    password: str


class Administrator:
    """A session of a server's administrator that all tests of a run share, whichever loop each of them has.

    It lives in a loop of its own, in a thread. New sessions for every database that is made and dropped were a
    quarter of all that a test had.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def execute(self, *statements: str) -> None:
        """Run statements, each outside a transaction."""
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._execute(statements), self._loop))

    def close(self) -> None:
        """End the session, the loop and the thread."""
        if self._connection is not None:
            self._loop.call_soon_threadsafe(self._connection.terminate)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _execute(self, statements: tuple[str, ...]) -> None:
        for statement in statements:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._url)
            await self._connection.execute(statement)


@dataclass(frozen=True, slots=True)
class Host:
    """A server that tests make databases on. `cluster` is None where it is not ours."""

    side: Side
    admin_url: str
    cluster: Cluster | None
    administrator: Administrator | None = None
    """A session for what is done in the server's own database; None: a new one each time."""

    def url(self, database: str, login: Login | None = None) -> str:
        """The URL of a database on this server, as the administrator or as another role."""
        parts = urlsplit(self.admin_url)
        who, _, where = parts.netloc.rpartition("@")
        if login is not None:
            who = f"{quote(login.name)}:{quote(login.password)}"
        query = f"?{parts.query}" if parts.query else ""
        return f"{parts.scheme}://{who}{'@' if who else ''}{where}/{quote(database)}{query}"

    async def copy_database(self, template: str, name: str, owner: Login | None = None) -> None:
        """Make a database, a role's or the administrator's: file by file, in half the time of the other way."""
        whose = f"OWNER {identifier(owner.name)}" if owner else ""
        has_choice = self.cluster is not None and self.cluster.version >= FIRST_WITH_STRATEGY
        quickly = "STRATEGY file_copy" if has_choice else ""
        await self.execute(
            f"CREATE DATABASE {identifier(name)} TEMPLATE {identifier(template)} {quickly} {whose}"
        )

    async def execute(self, *statements: str) -> None:
        """Run statements outside a transaction in the server's own database."""
        if self.administrator is not None:
            await self.administrator.execute(*statements)
            return
        connection = await asyncpg.connect(self.admin_url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()
