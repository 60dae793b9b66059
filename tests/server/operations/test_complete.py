from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cdc import config
from cdc.model import Side
from cdc.observe import moment
from server.databases import Databases
from server.operations.complete import complete
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced

TABLE = "CREATE TABLE product (id int PRIMARY KEY)"


@pytest.fixture
async def both(pair: Pair) -> AsyncIterator[Synced]:
    """Two sides with an engine that a test steps, and a session that stands for a working service."""
    async with synced(pair, TABLE) as found:
        service = await pair.connect(Side.MAIN)
        await service.execute("SELECT pg_advisory_lock(6513763, 2)")
        yield found


def databases(pair: Pair) -> Databases:
    return Databases(*endpoints(pair))


async def test_without_a_service_there_is_nothing_to_wait_for(pair: Pair) -> None:
    async with synced(pair, TABLE):
        assert await complete(databases(pair), await moment(pair.main), two_way=True, patience=5) is None


async def test_complete_once_everything_of_that_moment_is_applied(both: Synced) -> None:
    await both.main.execute("INSERT INTO product VALUES (1)")
    seen = await moment(both.main)
    await both.settle()
    await both.main.execute("INSERT INTO product VALUES (2)")  # after that moment
    found = await complete(databases(both.pair), seen, two_way=True, patience=0)
    assert found is not None
    assert found["complete"] is True


@pytest.mark.parametrize("side", Side)
async def test_what_is_not_applied_in_time_is_said(both: Synced, side: Side) -> None:
    await both.connection(side).execute("INSERT INTO product VALUES (1)")
    seen = await moment(both.main)
    found = await complete(databases(both.pair), seen, two_way=True, patience=0)
    assert found is not None
    assert found["complete"] is False
    assert f"{side}_TO_{side.other} has not applied" in found["reason"]
    one_way = await complete(databases(both.pair), seen, two_way=False, patience=0)
    assert one_way is not None
    assert one_way["complete"] is (side is Side.BACKUP)


async def test_a_paused_link_is_not_waited_for(both: Synced) -> None:
    await both.main.execute("INSERT INTO product VALUES (1)")
    await config.pause(both.main, [Side.MAIN], "ann")
    found = await complete(databases(both.pair), await moment(both.main), two_way=True, patience=60)
    assert found is not None
    assert found["reason"] == "MAIN_TO_BACKUP is paused"


async def test_a_database_that_is_away_fails_nothing(both: Synced) -> None:
    away = databases(both.pair)
    away = replace(away, backup=replace(away.backup, dsn="postgresql://u:hunter2@127.0.0.1:1/d"))
    found = await complete(away, await moment(both.main), two_way=True, patience=0)
    assert found is not None
    assert found["complete"] is False
    assert "BACKUP cannot be reached" in found["reason"]
    assert "hunter2" not in found["reason"]
