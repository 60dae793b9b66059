from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from cdc.errors import ConfigurationError, InstallRefused
from cdc.model import Side
from server.databases import (
    DEMO_DATABASE,
    SameDatabaseError,
    check_distinct,
    connected,
    opened,
    require_installed,
)
from server.settings import Settings
from tests.databases import Pair


@pytest.fixture
def settings(pair: Pair) -> Settings:
    return Settings.model_validate(
        {"DATABASE_URL": pair.main_url + "&schema=shop,public", "BACKUP_DATABASE_URL": pair.backup_url}
    )


async def test_the_databases_that_were_named(settings: Settings, pair: Pair) -> None:
    async with opened(settings) as databases, connected(databases, "test") as connections:
        assert databases.embedded is False
        assert databases.main.schemas == ("shop", "public")
        for side in Side:
            name = await connections[side].fetchval("SELECT current_setting('application_name')")
            assert name == "cdc test"
            assert await connections[side].fetchval("SELECT current_database()") == pair.name


async def test_embedded_ones_are_made_only_where_that_was_asked_for(
    server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(server_folder)
    nothing = Settings.model_validate({"DATABASE_URL": None, "BACKUP_DATABASE_URL": None})
    with pytest.raises(ConfigurationError, match="no embedded databases"):
        async with opened(nothing):
            pass
    assert not list(server_folder.iterdir())  # noqa: ASYNC240 - a test may block
    async with opened(nothing, create=True) as databases:
        assert databases.embedded
        for side in Side:
            connection = await asyncpg.connect(databases.endpoint(side).dsn)
            assert await connection.fetchval("SELECT current_database()") == DEMO_DATABASE
            await connection.close()
        async with opened(nothing) as again:
            assert again.main.dsn == databases.main.dsn
        # They go on while somebody uses them.
        connection = await asyncpg.connect(databases.main.dsn)
        await connection.close()
    with pytest.raises(OSError):  # noqa: PT011 - which one depends on the system
        await asyncpg.connect(databases.main.dsn)


async def test_two_connections_into_one_database_are_told_apart_from_two_databases(pair: Pair) -> None:
    await check_distinct(pair.main, pair.backup)
    with pytest.raises(SameDatabaseError):
        await check_distinct(pair.main, await pair.connect(Side.MAIN))


async def test_two_databases_of_one_server_are_two(pair: Pair, servers: object) -> None:
    del servers
    async with Pair(pair.servers) as other:
        await check_distinct(pair.main, other.main)


async def test_schema_cdc_is_asked_for(pair: Pair) -> None:
    with pytest.raises(InstallRefused, match="MAIN") as caught:
        await require_installed({Side.MAIN: pair.main})
    assert "install-triggers" in caught.value.hint
