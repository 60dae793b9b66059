"""The service and the servers are killed at random instants while applications write on both sides.

A transaction counts up and logs that it did, so a change applied twice, or not at all, shows on both sides alone.
CDC_KILLS=200 kills that often.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from cdc.model import Side
from cdc.session import UNREACHABLE
from tests.databases import OwnServers
from tests.hosts import Connection
from tests.running import Shell, until

KILLS: Final = int(os.environ.get("CDC_KILLS", "0"))
AHEAD: Final = 30
"""Transactions that writers make beyond those waited for, so that a kill finds them writing."""
TABLES: Final = """
CREATE TABLE counter (id int PRIMARY KEY, n numeric NOT NULL DEFAULT 0);
CREATE TABLE log (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), counter int NOT NULL REFERENCES counter);
CREATE TABLE bulk (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), side text NOT NULL, v int NOT NULL);
INSERT INTO counter SELECT generate_series(1, 20);
"""
COUNT: Final = """
WITH counted AS (UPDATE counter SET n = n + 1 WHERE id = $1 RETURNING id)
INSERT INTO log (counter) SELECT id FROM counted
"""
TABLE_NAMES: Final = ("counter", "log", "bulk")
DIGEST: Final = "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM {} t"
MISCOUNTED: Final = """
SELECT count(*) FROM counter c WHERE c.n <> (SELECT count(*) FROM log l WHERE l.counter = c.id)
"""


@dataclass(slots=True)
class Writer:
    """An application on one side that writes rows of its own, whatever happens to its server."""

    side: Side
    url: str
    chance: random.Random
    done: int = 0
    allowed: int = 0
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self) -> None:
        while True:
            with contextlib.suppress(*UNREACHABLE, asyncpg.InternalClientError):
                connection = await asyncpg.connect(self.url)
                try:
                    await self._write(connection)
                finally:
                    connection.terminate()
            await asyncio.sleep(0.02)  # its server is away

    async def _write(self, connection: Connection) -> None:
        while True:
            async with self._more:
                await self._more.wait_for(lambda: self.done < self.allowed)
            await self._transaction(connection)
            async with self._more:
                self.done += 1
                self._more.notify_all()

    async def _transaction(self, connection: Connection) -> None:
        number = self.chance.randrange(1, 20, 2) + (self.side is Side.BACKUP)
        kind = self.chance.random()
        if kind < 0.05:
            await connection.execute(
                "INSERT INTO bulk (side, v) SELECT $1, generate_series(1, 1500)", self.side.value
            )
        elif kind < 0.1:
            await connection.execute(
                "UPDATE bulk SET v = v + 1 WHERE side = $1 AND v % 50 = 0", self.side.value
            )
        elif kind < 0.15:
            await connection.execute("DELETE FROM bulk WHERE side = $1 AND v % 7 = 0", self.side.value)
        elif kind < 0.25:
            with contextlib.suppress(asyncpg.DivisionByZeroError):
                async with connection.transaction():
                    await connection.execute(COUNT, number)
                    await connection.execute("SELECT 1 / 0")
        else:
            await connection.execute(COUNT, number)

    async def has_done(self, more: int) -> None:
        """Wait until it has committed so many more transactions; it goes on for a while after that."""
        goal = self.done + more
        async with self._more:
            self.allowed = max(self.allowed, goal + AHEAD)
            self._more.notify_all()
            await self._more.wait_for(lambda: self.done >= goal)


@asynccontextmanager
async def writing(servers: OwnServers, chance: random.Random) -> AsyncIterator[dict[Side, Writer]]:
    """Writers on both sides for as long as the block lasts."""
    writers = {side: Writer(side, servers.url(side), chance) for side in Side}
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(writer.run()) for writer in writers.values()]
        yield writers
        for task in tasks:
            task.cancel()


async def written(writers: dict[Side, Writer], chance: random.Random) -> None:
    """Wait for a random number of transactions on each side."""
    await asyncio.gather(*(writer.has_done(chance.randrange(1, 80)) for writer in writers.values()))


async def agreed(servers: OwnServers) -> None:
    """Wait until both sides hold the same; then nothing was applied twice or lost, and nothing is a conflict."""
    connections = {side: await asyncpg.connect(servers.url(side)) for side in Side}
    found: dict[Side, object] = {}

    async def equal() -> bool:
        for side, connection in connections.items():
            found[side] = {
                table: tuple(*await connection.fetch(DIGEST.format(table))) for table in TABLE_NAMES
            }
        return found[Side.MAIN] == found[Side.BACKUP]

    try:
        try:
            await until(equal)
        except TimeoutError:
            raise AssertionError(f"never equal: {found}") from None
        for connection in connections.values():
            assert await connection.fetchval(MISCOUNTED) == 0
            assert await connection.fetchval("SELECT count(*) FROM cdc.sync_state") == 0
    finally:
        for connection in connections.values():
            await connection.close()


@pytest.fixture
async def shell(own_servers: OwnServers, tmp_path: Path) -> Shell:
    """Tables on MAIN alone; the first start copies them."""
    main = await asyncpg.connect(own_servers.url(Side.MAIN))
    await main.execute(TABLES)
    await main.close()
    urls = {"DATABASE_URL": own_servers.url(Side.MAIN), "BACKUP_DATABASE_URL": own_servers.url(Side.BACKUP)}
    return Shell(tmp_path, urls)


@pytest.fixture
def chance() -> random.Random:
    """Random numbers whose seed is shown when the test fails."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  pytest shows it with a failure
    return random.Random(seed)


@pytest.mark.timeout(0 if KILLS else 600)
async def test_the_service_is_killed(shell: Shell, own_servers: OwnServers, chance: random.Random) -> None:
    async with shell.service() as service:
        await service.streaming()
    async with writing(own_servers, chance) as writers:
        for _ in range(KILLS or 5):
            async with shell.service() as service:
                if chance.random() < 0.7:
                    await service.said("service", phase="running")
                await written(writers, chance)
                service.process.kill()
                await service.process.wait()
    async with shell.service() as service:
        await agreed(own_servers)
        assert await service.end() == 0


@pytest.mark.timeout(0 if KILLS else 600)
async def test_a_server_is_killed(shell: Shell, own_servers: OwnServers, chance: random.Random) -> None:
    async with shell.service() as service:
        await service.streaming()
        async with writing(own_servers, chance) as writers:
            for number in range(KILLS or 4):
                side = list(Side)[number % 2]
                await writers[side].has_done(chance.randrange(1, 80))
                cluster = own_servers.cluster(side)
                await cluster.kill()
                await writers[side.other].has_done(chance.randrange(1, 40))  # the other goes on
                await cluster.start()
                await writers[side].has_done(1)
        await agreed(own_servers)
        await service.streaming()
        assert await service.end() == 0


@pytest.mark.timeout(0 if KILLS else 600)
async def test_everything_is_killed_at_once(
    shell: Shell, own_servers: OwnServers, chance: random.Random
) -> None:
    async with shell.service() as service:
        await service.streaming()
    async with writing(own_servers, chance) as writers:
        for _ in range(KILLS or 1):
            async with shell.service() as service:
                await service.said("service", phase="running")
                await written(writers, chance)
                service.process.kill()
                await asyncio.gather(*(own_servers.cluster(side).kill() for side in Side))
                await asyncio.gather(*(own_servers.cluster(side).start() for side in Side))
    async with shell.service() as service:
        await agreed(own_servers)
        assert await service.end() == 0
