"""A subject of the benchmark: two seeded databases and what keeps them as one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.embedded import Cluster
from tests.bench.rig import Servers, connected, until
from tests.bench.sizes import Sizes
from triggers.statements import statement

PACKAGE = "tests.bench"
READY_WITHIN = 120.0  # seconds


class Subject:
    """A pair of seeded databases and, in the subclasses, what keeps them as one. This one: nothing does."""

    name = "none"
    moves = False
    """Whether what is written on MAIN arrives on BACKUP while it is started."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    @property
    def main(self) -> str:
        return self._servers.main.url(f"bench_{self.name}")

    @property
    def backup(self) -> str:
        return self._servers.backup.url(f"bench_{self.name}")

    async def prepare(self, sizes: Sizes) -> None:
        """Make both databases with the same accounts and set the subject up."""
        await asyncio.gather(
            self._seed(self._servers.main, self.main, sizes.rows),
            self._seed(self._servers.backup, self.backup, sizes.rows),
        )
        await self.install()

    async def _seed(self, cluster: Cluster, url: str, rows: int) -> None:
        await cluster.ensure_database(f"bench_{self.name}")
        async with connected(url) as [connection]:
            await connection.execute(statement("schema", PACKAGE))
            await connection.execute(statement("insert_accounts", PACKAGE), 1, rows)
            await connection.execute(statement("insert_orders", PACKAGE), 1, rows // 10)
            await connection.execute("VACUUM ANALYZE")

    async def install(self) -> None:
        """Set up, once, what the subject needs in its two databases."""

    async def start(self) -> None:
        """Begin to keep them as one; returns before it works."""

    async def stop(self) -> None:
        """End that; returns when it has ended."""

    def check(self) -> None:
        """Look whether it still works, while something is waited for.

        Raises:
            RuntimeError: it does not.
        """

    def said(self) -> str:
        """What its own process last wrote, if it has one: read where something went wrong."""
        return ""

    async def settle(self) -> None:
        """Bring the servers to rest before a measurement: nothing waits to be written out."""
        async with connected(self.main, self.backup) as connections:
            await asyncio.gather(
                *(connection.execute("VACUUM public.accounts") for connection in connections)
            )
            await asyncio.gather(*(connection.execute("CHECKPOINT") for connection in connections))

    async def drained(self, within: float = 300.0) -> None:
        """Wait until both databases are equal.

        Raises:
            TimeoutError: they are not after `within` seconds.
        """
        if not self.moves:
            return
        text = statement("digest", PACKAGE)
        async with connected(self.main, self.backup) as [main, backup]:

            async def equal() -> bool:
                self.check()
                here, there = await asyncio.gather(main.fetchval(text), backup.fetchval(text))
                return bool(here == there)

            await until(equal, within=within, every=0.5)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start, wait until a change arrives, and stop after the measurement, when all has arrived."""
        await self.start()
        try:
            if self.moves:
                await self._arrives()
            yield
            await self.drained()
        finally:
            await self.stop()

    async def _arrives(self) -> None:
        mark = secrets.token_hex(8)
        async with connected(self.main, self.backup) as [main, backup]:
            await main.execute(statement("update_account", PACKAGE), 1, mark)

            async def here() -> bool:
                self.check()
                return bool(await backup.fetch(statement("seen", PACKAGE), [1], mark))

            await until(here, within=READY_WITHIN)
