from __future__ import annotations

import asyncpg
import pytest

from tests.databases import Pair
from tests.triggers.changes import capture
from triggers import schema
from triggers.errors import TriggerError
from triggers.install import install


async def test_the_other_side_is_refused(pair: Pair) -> None:
    await capture(pair.main)
    with pytest.raises(TriggerError, match="installed as MAIN, and is now named as BACKUP") as raised:
        await install(pair.main, side="BACKUP", schemas=["public"])
    assert "DATABASE_URL" in raised.value.hint


async def test_a_newer_schema_is_refused(pair: Pair) -> None:
    await capture(pair.main)
    await pair.main.execute("INSERT INTO cdc.schema_version VALUES (999)")
    with pytest.raises(TriggerError, match="version 999"):
        await capture(pair.main)


async def test_somebody_elses_schema_cdc_is_refused(pair: Pair) -> None:
    await pair.main.execute("CREATE SCHEMA cdc; CREATE TABLE cdc.t (id int)")
    with pytest.raises(TriggerError, match="did not make"):
        await capture(pair.main)


async def test_the_version_is_noted(pair: Pair) -> None:
    await capture(pair.main)
    rows = await pair.main.fetch("SELECT version FROM cdc.schema_version ORDER BY version")
    assert [row[0] for row in rows] == list(range(1, schema.VERSION + 1))


async def test_changed_functions_are_replaced(pair: Pair) -> None:
    await capture(pair.main)
    facts = "SELECT obj_description(oid, 'pg_proc'), xmin FROM pg_proc WHERE oid = 'cdc.wake'::regproc"
    digest, xmin = await pair.main.fetchrow(facts)
    assert len(digest) == 64
    await capture(pair.main)
    assert await pair.main.fetchrow(facts) == (digest, xmin)
    await pair.main.execute("COMMENT ON FUNCTION cdc.wake IS 'older'")
    await capture(pair.main)
    assert await pair.main.fetchval(facts) == digest


async def test_all_functions_are_files_of_ours_and_closed_to_everyone(pair: Pair) -> None:
    await capture(pair.main)
    rows = await pair.main.fetch(
        "SELECT proname::text, proacl::text FROM pg_proc WHERE pronamespace = 'cdc'::regnamespace"
    )
    assert {row[0] for row in rows} == set(schema.FUNCTIONS)
    assert not [name for name, acl in rows for item in acl.strip("{}").split(",") if item.startswith("=")]


async def test_a_schema_of_another_role(pair: Pair) -> None:
    await capture(pair.main)
    login = await pair.add_login()
    await pair.main.execute(f"GRANT USAGE ON SCHEMA cdc TO {login.name}")
    db = await asyncpg.connect(pair.url(pair.servers.main.side, login))
    try:
        with pytest.raises(TriggerError, match="belongs to role"):
            await capture(db)
    finally:
        await db.close()
