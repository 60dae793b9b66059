from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

from server.embedded import keep
from tests.databases import make_cluster


async def test_a_killed_server_comes_back_and_it_is_told(server_folder: Path) -> None:
    cluster = make_cluster("main", server_folder)
    await cluster.start()
    told: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.timeout(150):
        keeper = asyncio.create_task(keep(cluster, told.put_nowait))
        await cluster.kill()
        assert "main has ended" in await told.get()
        await cluster.start()  # whoever comes first, the other finds it running
        connection = await asyncpg.connect(cluster.url())
        await connection.close()
        keeper.cancel()
    await cluster.kill()


async def test_a_server_that_cannot_start_is_tried_again(server_folder: Path) -> None:
    cluster = make_cluster("main", server_folder)
    await cluster.start()
    told: asyncio.Queue[str] = asyncio.Queue()
    marker = cluster.place.data / "PG_VERSION"
    version = marker.read_text()
    async with asyncio.timeout(150):
        keeper = asyncio.create_task(keep(cluster, told.put_nowait))
        marker.write_text("9.6\n")
        await cluster.kill()
        assert "main has ended" in await told.get()
        assert "was made by PostgreSQL 9.6" in await told.get()
        marker.write_text(version)
        assert "main has ended" in await told.get()
        await cluster.start()
        keeper.cancel()
    assert cluster.pid is not None
    await cluster.kill()
