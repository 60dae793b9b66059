from __future__ import annotations

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import OwnServers, Pair

pytestmark = pytest.mark.untouched


async def test_a_pair_is_two_databases_of_different_servers(pair: Pair) -> None:
    identifiers = [
        await pair.connection(side).fetchval("SELECT system_identifier FROM pg_control_system()")
        for side in Side
    ]
    assert identifiers[0] != identifiers[1]
    await pair.main.execute("CREATE TABLE public.t (id int)")


async def test_the_next_pair_is_empty(pair: Pair) -> None:
    assert await pair.main.fetchval("SELECT to_regclass('public.t')") is None


async def test_an_owner_may_make_tables_but_not_leave_its_database_rules(owner_pair: Pair) -> None:
    await owner_pair.backup.execute("CREATE SCHEMA cdc; CREATE TABLE public.t (id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await owner_pair.backup.execute("SET session_replication_role = replica")


async def test_a_login_has_no_rights(pair: Pair) -> None:
    login = await pair.add_login()
    await pair.main.execute("CREATE TABLE public.t (id int)")
    clerk = await pair.connect(Side.MAIN, login)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await clerk.fetch("SELECT * FROM public.t")


async def test_own_servers_come_back_after_a_kill(own_servers: OwnServers) -> None:
    await own_servers.main.kill()
    with pytest.raises(OSError):  # noqa: PT011  refused or reset
        await asyncpg.connect(own_servers.url(Side.MAIN))
    await own_servers.main.start()
    connection = await asyncpg.connect(own_servers.url(Side.MAIN))
    await connection.close()
