from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest

from cdc import config
from cdc.errors import ConnectivityError
from cdc.model import Side
from cdc.session import Endpoint
from server.leadership import Leadership
from tests.databases import OwnServers, Pair
from triggers.install import install

HOLDERS = "SELECT count(*) FROM pg_locks WHERE classid = 6513763 AND objid = 2 AND granted"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE classid = 6513763 AND objid = 2 AND granted"


@dataclass
class Instance:
    """One instance of a service that only notes what happens to it."""

    events: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    document: dict[str, Any] = field(default_factory=dict)

    async def work(self) -> None:
        await self.events.put("working")
        try:
            await asyncio.Event().wait()
        finally:
            self.events.put_nowait("ended")

    async def next(self, wanted: object) -> None:
        """Wait for an event, passing over others."""
        async with asyncio.timeout(150):
            while await self.events.get() != wanted:
                pass


@asynccontextmanager
async def competing(url: str, name: str) -> AsyncIterator[tuple[Instance, Leadership]]:
    instance = Instance()
    leadership = Leadership(
        main=Endpoint(Side.MAIN, url),
        work=instance.work,
        decided=lambda decisions: instance.events.put_nowait(set(decisions.pauses)),
        standing_by=lambda: instance.events.put_nowait("standby"),
        unreachable=lambda error: instance.events.put_nowait(type(error)),
        document=lambda: instance.document,
        name=name,
    )
    running = asyncio.create_task(leadership.run())
    try:
        yield instance, leadership
    finally:
        running.cancel()
        await asyncio.wait({running})


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(150):
        while not await condition():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)


@pytest.fixture
async def url(pair: Pair) -> str:
    await install(pair.main, side="MAIN", schemas=["public"])
    return pair.main_url


async def test_one_works_and_another_takes_over(url: str) -> None:
    async with competing(url, "second") as (second, _):
        await second.next("working")
        async with competing(url, "third") as (third, _):
            await third.next("standby")
            assert third.events.empty()
    async with competing(url, "fourth") as (fourth, _):
        await fourth.next("working")


async def test_a_standby_takes_over_when_the_worker_ends(url: str) -> None:
    async with AsyncExitStack() as stack:
        first, _ = await stack.enter_async_context(competing(url, "first"))
        await first.next("working")
        async with competing(url, "second") as (second, _):
            await second.next("standby")
            await stack.aclose()
            await first.next("ended")
            await second.next("working")


async def test_when_the_locks_session_is_cut_one_of_two_works_on(url: str, pair: Pair) -> None:
    async with (
        competing(url, "first") as (first, _),
        competing(url, "second") as (second, _),
    ):
        await pair.main.execute(CUT)

        async def held() -> bool:
            return bool(await pair.main.fetchval(HOLDERS) == 1)

        await until(held)
        seen = [list(each.events._queue) for each in (first, second)]  # type: ignore[attr-defined]
        working = [events.count("working") - events.count("ended") for events in seen]
        assert sum(working) <= 1


async def test_decisions_arrive_by_notification(url: str, pair: Pair) -> None:
    async with competing(url, "only") as (only, _):
        await only.next(set())
        await config.pause(pair.main, [Side.BACKUP], "ann")
        await only.next({Side.BACKUP})


async def test_what_changed_is_published_and_nothing_else_is_written(url: str, pair: Pair) -> None:
    async def published() -> dict[str, Any]:
        return dict((await config.read(pair.main)).service or {})

    async with competing(url, "only") as (only, leadership):
        only.document = {"phase": "starting"}

        async def said() -> bool:
            return await published() == only.document

        await until(said)
        stamp = (await config.read(pair.main)).service_at
        leadership.changed()
        await only.next(set())
        assert (await config.read(pair.main)).service_at == stamp
        only.document = {"phase": "running"}
        leadership.changed()
        await until(said)


async def test_it_waits_for_a_main_that_is_away_and_survives_its_restart(own_servers: OwnServers) -> None:
    url = own_servers.url(Side.MAIN)
    await own_servers.main.kill()
    async with competing(url, "only") as (only, _):
        await only.next(ConnectivityError)
        await own_servers.main.start()
        await only.next("working")
        await own_servers.main.kill()
        await own_servers.main.start()
        other = await asyncpg.connect(url)

        async def held() -> bool:
            return bool(await other.fetchval(HOLDERS) == 1)

        await until(held)
        await other.close()
        # The work was not interrupted: it is the links' own business to reconnect.
        assert only.events.empty()


async def test_the_works_failure_is_the_runs_failure(url: str) -> None:
    async def work() -> None:
        raise ValueError("broken")

    leadership = Leadership(
        main=Endpoint(Side.MAIN, url),
        work=work,
        decided=lambda _: None,
        standing_by=lambda: None,
        unreachable=lambda _: None,
        document=dict,
        name="only",
    )
    with pytest.raises(ValueError, match="broken"):
        await asyncio.wait_for(leadership.run(), 150)
