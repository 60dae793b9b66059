from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cdc.model import Side
from cdc.session import Endpoint
from server.databases import Databases
from server.observation import FRESH, Observer
from tests.databases import OwnServers, Pair
from tests.running import until
from tests.synced import synced


def databases(main: str, backup: str) -> Databases:
    return Databases(Endpoint(Side.MAIN, main), Endpoint(Side.BACKUP, backup))


@asynccontextmanager
async def observing(of: Databases) -> AsyncIterator[Observer]:
    observer = Observer(of)
    try:
        yield observer
    finally:
        await observer.close()


async def test_a_pair_that_is_synced(pair: Pair) -> None:
    async with (
        synced(pair, "CREATE TABLE product (id int PRIMARY KEY)") as both,
        observing(databases(pair.main_url, pair.backup_url)) as observer,
    ):
        await both.main.execute("INSERT INTO product VALUES (1), (2)")
        seen = await observer.look()
        assert seen.errors == {}
        assert {side: facts.pending for side, facts in seen.links.items()} == {Side.MAIN: 2, Side.BACKUP: 0}
        assert seen.open_conflicts == 0
        assert seen.decisions is not None
        assert set(seen.changelogs) == set(Side)
        for clock in seen.clocks.values():
            assert abs(clock.ahead) <= clock.uncertainty + 0.1  # the same clock, in truth
        assert set(seen.clocks) == set(Side)


async def test_before_anything_is_installed(pair: Pair) -> None:
    async with observing(databases(pair.main_url, pair.backup_url)) as observer:
        seen = await observer.look()
        assert (seen.errors, seen.links, seen.open_conflicts, seen.decisions) == ({}, {}, None, None)
        assert [node.installed for node in seen.nodes.values()] == [False, False]


async def test_many_who_ask_at_once_get_one_look(pair: Pair) -> None:
    async with observing(databases(pair.main_url, pair.backup_url)) as observer:
        first = await observer.look()
        assert await observer.look() is first
        assert FRESH > 0


async def test_a_server_that_goes_away_and_comes_back(own_servers: OwnServers) -> None:
    urls = own_servers.url(Side.MAIN), own_servers.url(Side.BACKUP)
    async with observing(databases(*urls)) as observer:
        assert (await observer.look()).errors == {}
        await own_servers.backup.kill()

        async def missed() -> bool:
            return set((await observer.look()).errors) == {Side.BACKUP}

        await until(missed)
        assert Side.MAIN in (await observer.look()).nodes
        await own_servers.backup.start()

        async def back() -> bool:
            return not (await observer.look()).errors

        await until(back)
