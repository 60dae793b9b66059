from __future__ import annotations

import asyncio
from contextlib import suppress

from cdc.model import Side
from cdc.session import Endpoint
from server import upkeep
from server.databases import Databases
from tests.databases import Pair
from tests.running import until
from tests.synced import TERMINATE, synced

CAPTURED = "SELECT count(*) FROM cdc.captured_table"


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
