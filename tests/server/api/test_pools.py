from __future__ import annotations

from contextlib import AsyncExitStack

import asyncpg
import pytest

from cdc.errors import ConnectivityError
from cdc.model import Side
from cdc.session import Endpoint
from server.api import pools
from server.api.pools import MOST, Pools
from server.databases import Databases
from tests.databases import Pair


@pytest.fixture
def both(pair: Pair) -> Pools:
    main, backup = (Endpoint(side, pair.url(side)) for side in Side)
    return Pools(lambda: Databases(main, backup))


async def test_connections_are_few_and_end_by_themselves(
    pair: Pair, both: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "WAIT_SECONDS", 0.2)
    async with AsyncExitStack() as stack:
        for _ in range(MOST):
            connection = await stack.enter_async_context(both.connection(Side.MAIN))
        assert await connection.fetchval("SHOW statement_timeout") == "15s"
        with pytest.raises(ConnectivityError, match="MAIN did not answer"):
            async with both.connection(Side.MAIN):
                pass
    async with both.connection(Side.MAIN) as connection:
        assert await connection.fetchval("SHOW statement_timeout") == "15s"
    await both.close()
    name = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cdc api' AND datname = current_database()"
    assert await pair.main.fetchval(name) <= MOST


async def test_a_connection_that_was_cut_is_replaced(pair: Pair, both: Pools) -> None:
    async with both.connection(Side.BACKUP) as connection:
        number = await connection.fetchval("SELECT pg_backend_pid()")
    with pytest.raises(ConnectivityError, match="BACKUP went away"):
        await cut(pair, both, number)
    async with both.connection(Side.BACKUP) as connection:
        assert await connection.fetchval("SELECT pg_backend_pid()") != number
    await both.close()


async def cut(pair: Pair, both: Pools, number: int) -> None:
    """Use a connection whose server process is ended meanwhile."""
    async with both.connection(Side.BACKUP) as connection:
        await pair.backup.execute(f"SELECT pg_terminate_backend({number})")
        await connection.fetchval("SELECT pg_sleep(5)")


async def test_errors_of_a_statement_stay_what_they_are(both: Pools) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with both.connection(Side.MAIN) as connection:
            await connection.fetch("SELECT * FROM nothing")
    await both.close()
