from __future__ import annotations

import asyncio
import os
import re
from importlib.resources import files

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.triggers.changes import capture, take
from triggers import schema
from triggers.errors import TriggerError
from triggers.functions import FUNCTIONS
from triggers.install import install

pytestmark = pytest.mark.untouched


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


def test_every_version_there_is_is_brought() -> None:
    found = [each.name for each in files("triggers").joinpath("sql").iterdir()]
    numbers = [int(name[7:10]) for name in found if re.fullmatch(r"schema_\d{3}\.sql", name)]
    assert sorted(numbers) == list(range(1, schema.VERSION + 1))


async def test_names_of_any_length_are_told_apart_after_an_upgrade(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 10 bounds what an index holds of a record's name."""
    add = (
        "INSERT INTO cdc.sync_state (source, entity, entity_id, type, status) "
        "SELECT 'MAIN', 't', x, 'REJECTED', 'OPEN' FROM unnest($1::text[]) x"
    )
    names = ["a", "\\", "\\\\", "\\101", "A", "ä", "''"]
    monkeypatch.setattr(schema, "VERSION", 9)
    await capture(pair.main)
    await pair.main.execute(add, names)
    await pair.main.execute(
        "INSERT INTO cdc.recheck (entity, entity_id, reason, here_seen) "
        "SELECT entity, entity_id, '', '1:1:' FROM cdc.sync_state"
    )
    monkeypatch.undo()
    await capture(pair.main)
    for table in ("sync_state", "recheck"):
        assert await pair.main.fetchval(f"SELECT count(DISTINCT digest) FROM cdc.{table}") == len(names)
    for name in names:
        with pytest.raises(asyncpg.UniqueViolationError, match="sync_state_live"):
            await pair.main.execute(add, [name])
    await pair.main.execute(add, [os.urandom(5000).hex(), os.urandom(5000).hex()])


async def test_functions_with_other_parameters_go(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 11: of two by one name, each installation would take one for the other."""
    monkeypatch.setattr(schema, "VERSION", 10)
    await capture(pair.main)
    for parameters in ("capture_key(int)", "capture_large(int, text, text)"):
        await pair.main.execute(
            f"CREATE FUNCTION cdc.{parameters} RETURNS text LANGUAGE sql AS 'SELECT NULL'"
        )
    monkeypatch.undo()
    await capture(pair.main)
    names = await pair.main.fetch("SELECT proname FROM pg_proc WHERE pronamespace = 'cdc'::regnamespace")
    assert sorted(name for (name,) in names) == sorted(schema.FUNCTIONS)


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


EARLIER = """
CREATE OR REPLACE FUNCTION cdc.capture_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_mergejoin = off AS $capture$
BEGIN
    INSERT INTO cdc.changelog (table_id, op, columns, old, new)
    SELECT TG_ARGV[0]::int, 'U', '{id,v}', o.image, n.image
    FROM (SELECT (t.*)::text AS image FROM old_rows AS t) AS o, (SELECT (t.*)::text AS image FROM new_rows AS t) AS n;
    RETURN NULL;
END
$capture$;
COMMENT ON FUNCTION cdc.capture_update IS 'earlier';
DROP FUNCTION cdc.capture_columns, cdc.capture_rows, cdc.capture_fetch, cdc.capture_key, cdc.capture_large
"""
"""What a release before this one had, in short."""


async def test_an_earlier_release_is_brought_up_to_date_under_writers(pair: Pair) -> None:
    db, writer, reader = pair.main, await pair.connect(Side.MAIN), await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0), (2, 0)")
    await capture(db)
    await db.execute(EARLIER)
    done = asyncio.Event()

    async def write() -> int:
        count = 0
        while not done.is_set():
            await writer.execute("UPDATE t SET v = v + 1 WHERE id = 1")
            count += 1
        return count

    async with reader.transaction(isolation="repeatable_read"):
        await reader.execute("UPDATE t SET v = v + 1 WHERE id = 2")
        writing = asyncio.create_task(write())
        report = await capture(db)
        done.set()
        written = await writing
        await reader.execute("UPDATE t SET v = v + 1 WHERE id = 2")
    await writer.execute("UPDATE t SET v = v + 1 WHERE id = 1")
    assert report.changed == ()
    images = [(c.op, c.columns, c.old, c.new) for c in await take(db)]
    assert sorted(images, key=str) == sorted(
        [
            ("U", "id,v", f"({id_},{v})", f"({id_},{v + 1})")
            for id_, n in ((1, written + 1), (2, 2))
            for v in range(n)
        ],
        key=str,
    )


async def test_all_functions_are_files_of_ours_and_closed_to_everyone(pair: Pair) -> None:
    await capture(pair.main)
    rows = await pair.main.fetch(
        "SELECT proname::text, proacl::text FROM pg_proc WHERE pronamespace = 'cdc'::regnamespace"
    )
    assert {row[0] for row in rows} == set(FUNCTIONS)
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


@pytest.mark.superuser("only an administrator publishes all tables")
async def test_beside_a_publication_of_all_tables(pair: Pair) -> None:
    await capture(pair.main)
    await pair.main.execute("CREATE PUBLICATION everything FOR ALL TABLES")
    tables = await pair.main.fetch(
        "SELECT c.oid::regclass::text AS name, min(a.attname) AS column FROM pg_class AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
        " AND a.attidentity = '' AND a.attgenerated = ''"
        " WHERE c.relnamespace = 'cdc'::regnamespace AND c.relkind = 'r' GROUP BY c.oid"
    )
    for name, column in tables:
        await pair.main.execute(
            f"UPDATE {name} SET {column} = {column} WHERE false; DELETE FROM {name} WHERE false"
        )


async def test_default_privileges_do_not_open_it(pair: Pair) -> None:
    app, reader = await pair.add_login(), await pair.add_login()
    await pair.main.execute(
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO {app.name};"
        f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {app.name};"
        "CREATE TABLE t (id int PRIMARY KEY)"
    )
    await capture(pair.main)
    db = await pair.connect(Side.MAIN, app)
    await db.execute("INSERT INTO t VALUES (1)")
    for statement in ("SELECT FROM cdc.changelog", "DELETE FROM cdc.changelog", "CREATE TABLE cdc.t ()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="schema cdc"):
            await db.execute(statement)
    await pair.main.execute(f"GRANT USAGE ON SCHEMA cdc TO {reader.name}")
    await pair.main.execute("COMMENT ON FUNCTION cdc.wake IS 'older'")
    await capture(pair.main)
    assert await pair.main.fetchval("SELECT has_schema_privilege($1, 'cdc', 'USAGE')", reader.name)
