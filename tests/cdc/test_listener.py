"""No wake-up is lost: with a poll of an hour, whatever is committed arrives by its own wake-up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import Random

import pytest

from cdc.errors import ConnectivityError
from cdc.listener import Listener, State
from cdc.model import Side
from cdc.stats import Options
from tests.databases import Pair
from tests.hosts import Connection
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
    async with asyncio.timeout(150):
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
        async with asyncio.timeout(150):
            while listener.state is not State.ASLEEP:
                await listener.fall_asleep()
        assert await held(pair.main) == 1
        await listener.wake()
        assert listener.state is State.AWAKE
        assert await held(pair.main) == 0
    finally:
        await listener.close()


@dataclass(slots=True)
class Sleeper:
    """A listener without any timer that would end its waits, and a count of the rows that there are at each read."""

    listener: Listener
    connection: Connection
    seen: int = 0

    async def read(self) -> int:
        self.seen = await self.connection.fetchval("SELECT count(*) FROM t")
        return self.seen

    async def until_asleep(self) -> None:
        """As a link does: whenever the listener says so, read once more."""
        while True:
            if await self.listener.fall_asleep():
                await self.read()
            elif self.listener.state is State.ASLEEP:
                return
            else:
                await self.listener.wait()

    async def woken(self) -> int:
        """Wait, and read."""
        async with asyncio.timeout(150):
            await self.listener.wait()
        return await self.read()


@pytest.fixture
async def sleeper(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sleeper]:
    for name in ("DOZE_S", "LONGEST_DOZE_S"):
        monkeypatch.setattr(f"cdc.listener.{name}", 3600)
    async with synced(pair, SCHEMA):
        listener = Listener(endpoints(pair)[0], interval_s=3600)
        await listener.open()
        try:
            yield Sleeper(listener, await pair.connect(Side.MAIN))
        finally:
            await listener.close()


async def test_a_change_before_the_lock_is_asked_for_is_read_before_the_sleep(
    sleeper: Sleeper, pair: Pair
) -> None:
    assert await sleeper.read() == 0
    await pair.main.execute("INSERT INTO t VALUES (1)")
    await sleeper.until_asleep()
    assert sleeper.seen == 1


async def test_a_change_between_the_last_read_and_the_wait_ends_it(sleeper: Sleeper, pair: Pair) -> None:
    await sleeper.until_asleep()
    await pair.main.execute("INSERT INTO t VALUES (1)")
    assert await sleeper.woken() == 1
    # It still sleeps, and hears the next one too.
    waiting = asyncio.create_task(sleeper.woken())
    await pair.main.execute("INSERT INTO t VALUES (2)")
    assert await waiting == 2


async def test_changes_while_the_lock_is_merely_asked_for(sleeper: Sleeper, pair: Pair) -> None:
    """A writer from before keeps it; one that comes later notifies, and the early one is read at its end."""
    early = await pair.connect(Side.MAIN)
    await early.execute("BEGIN; INSERT INTO t VALUES (1)")
    assert await sleeper.listener.fall_asleep()
    assert sleeper.listener.state is State.DOZING
    assert await sleeper.read() == 0
    await pair.main.execute("INSERT INTO t VALUES (2)")
    assert await sleeper.woken() == 1
    await early.execute("COMMIT")
    async with asyncio.timeout(150):
        await sleeper.until_asleep()
    assert sleeper.seen == 2


async def test_a_change_after_the_link_was_busy(sleeper: Sleeper, pair: Pair) -> None:
    await sleeper.until_asleep()
    await sleeper.listener.wake()
    await pair.main.execute("INSERT INTO t VALUES (1)")
    await sleeper.until_asleep()
    assert sleeper.seen == 1


@pytest.mark.parametrize("session", ["listener", "sleep lock"])
async def test_a_session_that_is_cut_ends_the_wait_and_what_was_written_meanwhile_is_read(
    sleeper: Sleeper, pair: Pair, session: str
) -> None:
    """Without the lock nobody would notify, and without the ear nobody would hear."""
    await sleeper.until_asleep()
    waiting = asyncio.create_task(sleeper.listener.wait())
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = $2"
    )
    await pair.main.execute(cut, f"cdc {session}", pair.name)
    async with asyncio.timeout(150):
        await waiting
    with pytest.raises(ConnectivityError):
        await sleeper.listener.wait()
    await sleeper.listener.close()
    await pair.main.execute("INSERT INTO t VALUES (1)")
    await sleeper.listener.open()
    await sleeper.until_asleep()
    assert sleeper.seen == 1
    await pair.main.execute("INSERT INTO t VALUES (2)")
    assert await sleeper.woken() == 2


async def held(connection: Connection) -> int:
    count: int = await connection.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 6513763 AND objid = 1 AND granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return count
