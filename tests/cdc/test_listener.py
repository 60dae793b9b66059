"""No wake-up is lost: with a poll of an hour, whatever is committed arrives by its own wake-up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

from cdc.listener import Listener, State
from cdc.model import Side
from cdc.stats import Options
from tests.databases import Connection, Pair
from tests.synced import Synced, endpoints, synced

HOUR = Options(interval_s=3600)
SCHEMA = "CREATE TABLE t (id int PRIMARY KEY)"


@asynccontextmanager
async def running(both: Synced, side: Side) -> AsyncIterator[None]:
    """The link from a side, listening and working until the block ends."""
    link = both.engine.links[side]
    await link.open(listen=True)
    task = asyncio.create_task(link.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def arrive(connection: Connection, count: int) -> None:
    """Wait until so many rows are there."""
    async with asyncio.timeout(60):
        while await connection.fetchval("SELECT count(*) FROM t") < count:
            pass


async def write(connection: Connection, first: int, count: int) -> None:
    """Transactions that end at random moments beside the others', some of them with a pause of the server's."""
    random = Random(first)
    for number in range(first, first + count):
        async with connection.transaction():
            await connection.execute("INSERT INTO t VALUES ($1)", number)
            await connection.execute("SELECT pg_sleep($1)", random.choice([0, 0, 0.001, 0.02]))


async def test_every_change_of_many_writers_arrives(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both, Side.MAIN):
        writers = [await pair.connect(Side.MAIN) for _ in range(6)]
        for wave in range(5):
            first = wave * 1_000
            await asyncio.gather(*(write(writer, first + 100 * i, 15) for i, writer in enumerate(writers)))
            await arrive(both.backup, 90 * (wave + 1))
        assert await both.applied(Side.MAIN) == 450


async def test_one_change_after_the_other_wakes_a_sleeper(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both, Side.MAIN):
        for number in range(1, 31):
            await both.main.execute("INSERT INTO t VALUES ($1)", number)
            await arrive(both.backup, number)


async def test_a_writer_from_before_the_sleep_is_heard(pair: Pair) -> None:
    """It shared the lock while the link was awake, so it notifies nobody when it commits."""
    async with synced(pair, SCHEMA, options=HOUR) as both:
        early = await pair.connect(Side.MAIN)
        async with running(both, Side.MAIN):
            async with early.transaction():
                await early.execute("INSERT INTO t VALUES (1)")
                await both.main.execute("INSERT INTO t VALUES (2)")
                await arrive(both.backup, 1)
            await arrive(both.backup, 2)


async def test_it_falls_asleep_and_wakes(pair: Pair) -> None:
    listener = Listener(endpoints(pair)[0], interval_s=3600)
    await listener.open()
    try:
        async with asyncio.timeout(30):
            while listener.state is not State.ASLEEP:
                await listener.fall_asleep()
        assert await held(pair.main) == 1
        await listener.wake()
        assert listener.state is State.AWAKE
        assert await held(pair.main) == 0
    finally:
        await listener.close()


async def held(connection: Connection) -> int:
    count: int = await connection.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 6513763 AND objid = 1 AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return count
