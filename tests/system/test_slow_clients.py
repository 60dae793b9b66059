"""A thousand clients that neither send nor read, two hundred that follow events: sync goes on, the end is clean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.databases import Pair
from tests.running import BEARER, Running, Shell, until

pytestmark = pytest.mark.untouched

ROWS = 500
TOKEN = f"Host: localhost\r\nAuthorization: {BEARER['Authorization']}\r\n"
SILENT = b""
HALF_A_HEAD = f"GET /backup/status HTTP/1.1\r\n{TOKEN}X-Slow: ".encode()
HALF_A_BODY = (
    f"POST /backup/trigger HTTP/1.1\r\n{TOKEN}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{{"
).encode()
DEAF = f"GET /openapi.json HTTP/1.1\r\n{TOKEN}\r\n".encode() * 10
EVENTS = f"GET /backup/events HTTP/1.1\r\n{TOKEN}\r\n".encode()

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def shell(tmp_path: Path, pair: Pair) -> Shell:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY, name text)")
    urls = {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url}
    return Shell(tmp_path, {**urls, "BACKUP_INTERVAL_SECONDS": "3600"})


@asynccontextmanager
async def clients(address: str, beginnings: Sequence[tuple[int, bytes]]) -> AsyncIterator[list[Connection]]:
    """Connections that send a beginning, and then nothing; nobody reads what comes, but for a few buffers."""
    where = urlsplit(address)
    opened: list[Connection] = []
    try:
        for count, beginning in beginnings:
            for _ in range(count):
                reader, writer = await asyncio.open_connection(where.hostname, where.port)
                opened.append((reader, writer))
                writer.write(beginning)
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def follows(connection: Connection, event: str) -> bool:
    """Read a stream until an event of a kind."""
    reader, _ = connection
    while line := await reader.readline():
        if line == f"event: {event}\n".encode():
            return True
    return False


async def ask(address: str, path: str, **headers: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{address}{path}", headers=headers) as answer:
        return answer.status, await answer.text()


async def ready(address: str) -> bool:
    """Whether the service says so; a database that is busy answers it late now and then."""
    return (await ask(address, "/readyz"))[0] == 200


async def listeners(service: Running) -> int:
    _, text = await ask(await service.address(), "/metrics", **BEARER)
    (line,) = [line for line in text.splitlines() if line.startswith("cdc_event_streams ")]
    return int(float(line.split()[1]))


async def test_a_thousand_slow_clients_and_two_hundred_streams(shell: Shell, pair: Pair) -> None:
    async with shell.service() as service:
        await service.streaming()
        address = await service.address()
        slow = [(500, SILENT), (300, HALF_A_HEAD), (100, HALF_A_BODY), (100, DEAF)]
        async with clients(address, slow), clients(address, [(200, EVENTS)]) as streams:

            async def all_follow() -> bool:
                return await listeners(service) == len(streams)

            await until(all_follow)
            await pair.main.execute(f"INSERT INTO product SELECT n, 'ball' FROM generate_series(1, {ROWS}) n")
            await pair.backup.execute("INSERT INTO product VALUES (-1, 'chalk')")

            async def arrived() -> bool:
                return (
                    await pair.backup.fetchval("SELECT count(*) FROM product") == ROWS + 1
                    and await pair.main.fetchval("SELECT count(*) FROM product") == ROWS + 1
                )

            await until(arrived)
            reading = [follows(stream, "changes") for stream in streams[:100]]
            async with asyncio.timeout(150):
                assert all(await asyncio.gather(*reading))
            assert (await ask(address, "/livez"))[0] == 200
            await until(lambda: ready(address))
            links = (await service.status())["sync"]["links"]
            assert [link["consecutiveFailures"] for link in links.values()] == [0, 0]
            assert await service.end() == 0
        assert "the end took too long" not in service.text


async def test_no_more_clients_than_there_is_room_for(shell: Shell, pair: Pair) -> None:
    """With a limit of open files as low as they come, the links still get theirs."""
    shell.open_files = 640
    async with shell.service() as service:
        await service.streaming()
        address = await service.address()
        async with clients(address, [(300, SILENT), (20, EVENTS)]):
            await pair.main.execute("INSERT INTO product VALUES (1, 'ball')")

            async def arrived() -> bool:
                return await pair.backup.fetchval("SELECT count(*) FROM product") == 1

            await until(arrived)
            await until(lambda: ready(address))
            _, metrics = await ask(address, "/metrics", **BEARER)
            refused = [
                line for line in metrics.splitlines() if line.startswith("cdc_http_connections_refused")
            ]
            assert float(refused[0].split()[1]) > 100
            assert await service.end() == 0
        assert "the end took too long" not in service.text
