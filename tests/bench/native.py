"""Native logical replication as a subject."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import asyncpg

from tests.bench.rig import connected, until
from tests.bench.subject import PACKAGE, Subject
from triggers.statements import statement

_ENDED_WITHIN = 60.0  # seconds


class Native(Subject):
    """PostgreSQL's own logical replication, both ways, origin = none."""

    name = "native"
    moves = True

    async def install(self) -> None:
        async with connected(self.main, self.backup) as [main, backup]:
            for connection in (main, backup):
                await connection.execute(statement("publish", PACKAGE))
            for connection, other in ((main, self.backup), (backup, self.main)):
                compose = statement("subscribe", PACKAGE)
                await connection.execute(await connection.fetchval(compose, _conninfo(other)))
        await self.stop()

    async def start(self) -> None:
        await self._each("subscription_on")

    async def stop(self) -> None:
        await self._each("subscription_off")
        async with connected(self.main, self.backup) as [main, backup]:

            async def ended() -> bool:
                text = statement("subscription_workers", PACKAGE)
                return not (await main.fetchval(text) or await backup.fetchval(text))

            await until(ended, within=_ENDED_WITHIN)

    async def _each(self, name: str) -> None:
        async with connected(self.main, self.backup) as connections:
            for connection in connections:
                await _patiently(connection, statement(name, PACKAGE))


async def _patiently(connection: asyncpg.Connection, text: str) -> None:
    """Run a statement; once more where the subscription's worker held the catalog row in that moment."""
    try:
        await connection.execute(text)
    except asyncpg.ObjectInUseError:
        await connection.execute(text)


def _conninfo(url: str) -> str:
    """A URL through a socket as the key = value form that walreceiver takes on every version."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    database = parts.path.lstrip("/")
    return f"host={query['host'][0]} port={query['port'][0]} dbname={database} user={parts.username}"
