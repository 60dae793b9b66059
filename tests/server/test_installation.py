from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from cdc.errors import InstallRefused
from cdc.model import Side
from cdc.session import Endpoint
from server.databases import Databases
from server.installation import Wanted, check_removable, install_both, tables, tell
from tests.databases import Pair
from tests.hosts import Connection
from tests.synced import synced
from triggers.errors import TriggerError

TWO = "CREATE TABLE product (id int PRIMARY KEY); CREATE TABLE log (line text)"


def sides(pair: Pair) -> tuple[Databases, dict[Side, Connection]]:
    databases = Databases(Endpoint(Side.MAIN, pair.main_url), Endpoint(Side.BACKUP, pair.backup_url))
    return databases, {side: pair.connection(side) for side in Side}


async def test_the_choice_of_tables_is_kept(pair: Pair) -> None:
    databases, connections = sides(pair)
    for connection in connections.values():
        await connection.execute(TWO)
    first = await install_both(databases, connections, two_way=True, wanted=Wanted(exclude=["log"], by="ann"))
    assert {table.entity: table.state for table in first[Side.BACKUP].tables} == {
        "product": "captured",
        "log": "excluded",
    }
    assert (await tables(pair.main)).exclude == ("log",)
    again = await install_both(databases, connections, two_way=True)
    assert again[Side.MAIN].changed == ()
    other = await install_both(databases, connections, two_way=True, wanted=Wanted(exclude=[]))
    assert {table.state for table in other[Side.MAIN].tables} == {"captured"}


async def test_where_main_is_refused_backup_stays_as_it_was(pair: Pair) -> None:
    databases, connections = sides(pair)
    await pair.main.execute("CREATE SCHEMA cdc")
    with pytest.raises(TriggerError, match="this service did not make"):
        await install_both(databases, connections, two_way=True)
    assert not await pair.backup.fetchval("SELECT to_regnamespace('cdc') IS NOT NULL")


@pytest.mark.parametrize("side", Side)
async def test_both_sides_are_looked_at_whichever_is_altered(pair: Pair, side: Side) -> None:
    databases, connections = sides(pair)
    for connection in connections.values():
        await connection.execute(TWO)
    await install_both(databases, connections, two_way=True)
    await connections[side].execute("CREATE TABLE late (id int PRIMARY KEY)")
    again = await install_both(databases, connections, two_way=True)
    assert {each: again[each].changed for each in Side} == {side: ("late",), side.other: ()}


async def test_what_is_said_once_is_not_said_again(pair: Pair) -> None:
    databases, connections = sides(pair)
    for connection in connections.values():
        await connection.execute(TWO)
    reports = await install_both(databases, connections, two_way=True)
    known: set[str] = set()
    with capture_logs() as logs:
        tell(reports, known)
        first = len(logs)
        tell(reports, known)
    assert len(logs) == first
    assert [line["tables"] for line in logs if line["event"] == "capturing"] == [2, 2]
    assert [line["table"] for line in logs if "table" in line] == ["log", "log"]


async def test_removal_is_refused_while_something_would_be_lost(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE product (id int PRIMARY KEY)") as both:
        connections = {side: both.connection(side) for side in Side}
        await check_removable(connections, force=False)
        await both.main.execute("INSERT INTO product VALUES (1), (2)")
        with pytest.raises(InstallRefused, match="2 changes of MAIN are pending"):
            await check_removable(connections, force=False)
        await check_removable(connections, force=True)
        await both.settle()
        await check_removable(connections, force=False)


async def test_removal_is_refused_while_a_service_works_even_by_force(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE product (id int PRIMARY KEY)") as both:
        service = await pair.connect(Side.MAIN)
        await service.execute("SELECT pg_advisory_lock(6513763, 2)")
        with pytest.raises(InstallRefused, match="running"):
            await check_removable({side: both.connection(side) for side in Side}, force=True)
