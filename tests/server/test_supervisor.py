from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from cdc.config import Config, Note
from cdc.engine import Engine
from cdc.errors import ConnectivityError, HistoryError
from cdc.model import Side
from server.health import LinkState
from server.supervisor import Supervisor
from tests.databases import Pair
from tests.running import PATIENCE
from tests.synced import TERMINATE, Synced, endpoints, synced

TABLE = "CREATE TABLE product (id int PRIMARY KEY)"
LINKS = "application_name LIKE 'cdc applier%'"
NOTE = Note("ann", datetime(2026, 1, 1, tzinfo=UTC))


class Watched:
    """A supervisor that tells when something changed."""

    def __init__(self, engine: Engine, limit: int) -> None:
        self._changed = asyncio.Condition()
        self.supervisor = Supervisor(engine, limit=limit, changed=self._tell)
        self._telling: set[asyncio.Task[None]] = set()

    def _tell(self) -> None:
        task = asyncio.create_task(self._notify())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def states(self) -> list[LinkState]:
        return [health.state for health in self.supervisor.health.values()]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(condition)

    async def streaming(self) -> None:
        await self.until(lambda: set(self.states()) == {LinkState.STREAMING})


@pytest.fixture
async def both(pair: Pair) -> AsyncIterator[Synced]:
    async with synced(pair, TABLE) as found:
        await found.engine.close()
        yield found


@asynccontextmanager
async def supervised(
    both: Synced, *, limit: int = 5, decisions: Config | None = None
) -> AsyncIterator[Watched]:
    watched = Watched(Engine(*endpoints(both.pair)), limit)
    watched.supervisor.decided(decisions or Config())
    running = asyncio.create_task(watched.supervisor.run())
    try:
        yield watched
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_links_stream_and_survive_cut_connections(both: Synced) -> None:
    async with supervised(both) as watched:
        await watched.streaming()
        await both.backup.execute(TERMINATE + LINKS)
        await both.main.execute("INSERT INTO product VALUES (1)")
        await watched.until(lambda: LinkState.RECONNECTING in watched.states())
        await watched.streaming()
        assert all(health.failures == 0 for health in watched.supervisor.health.values())


async def test_a_failure_that_does_not_pass_stops_a_link_until_resumed(both: Synced) -> None:
    await both.backup.execute("ALTER TABLE cdc.sync_state RENAME TO hidden")
    async with supervised(both, limit=2) as watched:
        await watched.until(lambda: watched.states() == [LinkState.STOPPED, LinkState.STREAMING])
        health = watched.supervisor.health[Side.MAIN]
        assert health.failures == 2
        assert "cdc.sync_state" in str(health.error)
        await both.backup.execute("ALTER TABLE cdc.hidden RENAME TO sync_state")
        watched.supervisor.decided(Config(resumes={Side.MAIN: NOTE}))
        await watched.streaming()


async def test_pausing_one_link_leaves_the_other_alone(both: Synced) -> None:
    async with supervised(both, decisions=Config(pauses={Side.BACKUP: NOTE})) as watched:
        await watched.until(lambda: watched.states() == [LinkState.STREAMING, LinkState.PAUSED])
        watched.supervisor.decided(Config(pauses={Side.MAIN: NOTE}))
        await watched.until(lambda: watched.states() == [LinkState.PAUSED, LinkState.STREAMING])
        watched.supervisor.decided(Config())
        await watched.streaming()


async def test_a_failure_before_the_links_run_counts_for_all_of_them(both: Synced) -> None:
    watched = Watched(Engine(*endpoints(both.pair)), limit=2)
    watched.supervisor.decided(Config(resumes={Side.MAIN: NOTE}))  # said before this run: no news
    assert watched.supervisor.failed(ConnectivityError("away")) is not None
    assert watched.states() == [LinkState.RECONNECTING] * 2
    assert watched.supervisor.failed(ConnectivityError("away")) is not None, "it keeps probing"
    assert watched.states() == [LinkState.STOPPED] * 2
    assert watched.supervisor.failed(HistoryError("replaced")) is None, "it waits for resume"
    waiting = asyncio.create_task(watched.supervisor.forgiven(None))
    await asyncio.sleep(0)
    watched.supervisor.decided(Config(resumes=dict.fromkeys(Side, Note("bob", NOTE.at))))
    await asyncio.wait_for(waiting, PATIENCE)
    assert watched.states() == [LinkState.RECONNECTING] * 2
