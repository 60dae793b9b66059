from __future__ import annotations

import pytest

from cdc.epoch import epoch
from cdc.model import Side
from tests.databases import Pair
from triggers.install import install


async def test_the_parts_of_an_identity(pair: Pair) -> None:
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    token, system, timeline, database = (await epoch(pair.main)).split(":")
    assert token == await pair.main.fetchval("SELECT token::text FROM cdc.node")
    assert int(system) == await pair.main.fetchval("SELECT system_identifier FROM pg_control_system()")
    assert int(timeline, 16) == await pair.main.fetchval("SELECT timeline_id FROM pg_control_checkpoint()")
    assert int(database) == await pair.main.fetchval(
        "SELECT oid FROM pg_database WHERE datname = current_database()"
    )


async def test_it_stays_what_it_is(pair: Pair) -> None:
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    before = await epoch(pair.main)
    await pair.administer(Side.MAIN, "SELECT pg_switch_wal()")
    await pair.administer(Side.MAIN, "CHECKPOINT")
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    assert await epoch(pair.main) == before


async def test_an_owner_may_read_it(owner_pair: Pair) -> None:
    await install(owner_pair.main, side=Side.MAIN, schemas=["public"])
    assert (await epoch(owner_pair.main)).count(":") == 3


async def test_an_emptied_schema_is_said_to_be_damaged(pair: Pair) -> None:
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    await pair.main.execute("DELETE FROM cdc.node")
    with pytest.raises(LookupError, match="install-triggers"):
        await epoch(pair.main)
