from __future__ import annotations

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from cdc.model import Side
from cdc.session import Endpoint
from server import upkeep
from server.databases import Databases
from server.installation import prints
from tests.databases import Pair
from tests.running import until
from tests.synced import TERMINATE, synced

CAPTURED = "SELECT count(*) FROM cdc.captured_table"


async def test_nothing_is_installed_until_a_table_is_there_that_was_not(pair: Pair) -> None:
    databases = Databases(Endpoint(Side.MAIN, pair.main_url), Endpoint(Side.BACKUP, pair.backup_url))
    async with synced(pair, "CREATE TABLE product (id int PRIMARY KEY)") as both:
        connections = {side: both.connection(side) for side in Side}
        before = await prints(databases, connections)
        with capture_logs() as logs:
            assert await upkeep._new_tables(databases, connections, before, set(), two_way=True) == before
        assert logs == []
        await both.backup.execute("CREATE TABLE sale (id int PRIMARY KEY)")
        after = await upkeep._new_tables(databases, connections, before, set(), two_way=True)
        assert after != before
        assert await both.backup.fetchval(CAPTURED) == 2


async def test_new_tables_are_captured_and_cut_connections_are_made_anew(pair: Pair) -> None:
    databases = Databases(Endpoint(Side.MAIN, pair.main_url), Endpoint(Side.BACKUP, pair.backup_url))
    async with synced(pair, "CREATE TABLE product (id int PRIMARY KEY)") as both:
        running = asyncio.create_task(upkeep.run(databases, set(), two_way=True))

        async def captured(count: int) -> bool:
            return {await both.connection(side).fetchval(CAPTURED) for side in Side} == {count}

        for side in Side:
            await both.connection(side).execute("CREATE TABLE sale (id int PRIMARY KEY)")
        await until(lambda: captured(2))
        await both.main.execute(TERMINATE + "application_name = 'cdc upkeep'")
        for side in Side:
            await both.connection(side).execute("CREATE TABLE payment (id int PRIMARY KEY)")
        await until(lambda: captured(3))
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
