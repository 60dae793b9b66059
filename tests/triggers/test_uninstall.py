from __future__ import annotations

import asyncio

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.hosts import Connection
from tests.triggers.changes import capture, take
from triggers.errors import TriggerError
from triggers.uninstall import uninstall

pytestmark = pytest.mark.untouched

LISTING = """
SELECT 'class', c.oid::text, c.relname::text, concat(c.relkind, c.relhasrules, c.relnatts, c.relacl::text)
FROM pg_class c WHERE c.relnamespace <> 'pg_toast'::regnamespace
UNION ALL SELECT 'trigger', oid::text, tgname::text, tgenabled::text FROM pg_trigger
UNION ALL SELECT 'proc', oid::text, proname::text, md5(prosrc) FROM pg_proc
UNION ALL SELECT 'type', oid::text, typname::text, '' FROM pg_type
UNION ALL SELECT 'schema', oid::text, nspname::text, coalesce(nspacl::text, '') FROM pg_namespace
UNION ALL SELECT 'description', objoid::text, description, '' FROM pg_description
UNION ALL SELECT 'dependency', objid::text, refobjid::text, deptype::text FROM pg_depend
ORDER BY 1, 2, 3, 4
"""

TABLES = """
CREATE TABLE t (id serial PRIMARY KEY, v text);
CREATE TABLE root (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE leaf PARTITION OF root DEFAULT;
CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;
CREATE TRIGGER own BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION own();
"""


async def test_nothing_is_left_behind(pair: Pair) -> None:
    db = pair.main
    await db.execute(TABLES)
    before = await db.fetch(LISTING)
    await capture(db)
    assert await db.fetch(LISTING) != before
    await uninstall(db, force=False)
    assert await db.fetch(LISTING) == before
    await uninstall(db, force=False)
    await db.execute("INSERT INTO t (v) VALUES ('x')")


async def test_an_owner_who_is_no_superuser(owner_pair: Pair) -> None:
    db = owner_pair.main
    await db.execute("CREATE SCHEMA shop; CREATE TABLE shop.t (id int PRIMARY KEY)")
    before = await db.fetch(LISTING)
    await capture(db, "shop")
    await uninstall(db, force=False)
    assert await db.fetch(LISTING) == before


async def test_pending_changes_are_not_thrown_away(pair: Pair) -> None:
    db = pair.main
    await db.execute(TABLES)
    await capture(db)
    await db.execute("INSERT INTO t (v) VALUES ('x'), ('y')")
    with pytest.raises(TriggerError, match="not reached the other side: 2") as raised:
        await uninstall(db, force=False)
    assert "--force" in raised.value.hint
    await db.execute("UPDATE cdc.node SET consumed_through = pg_current_snapshot()")
    await db.execute("INSERT INTO t (v) VALUES ('z')")
    with pytest.raises(TriggerError, match="other side: 1"):
        await uninstall(db, force=False)
    await db.execute("UPDATE cdc.node SET consumed_through = pg_current_snapshot()")
    await uninstall(db, force=False)
    assert await db.fetchval("SELECT to_regnamespace('cdc')") is None


async def test_open_conflicts_are_not_thrown_away(pair: Pair) -> None:
    db = pair.main
    await db.execute(TABLES)
    await capture(db)
    await db.execute(
        "INSERT INTO cdc.sync_state (source, entity, entity_id, type, status)"
        " VALUES ('BACKUP', 't', '1', 'INSERT_EXISTS', 'OPEN'), ('BACKUP', 't', '2',"
        " 'INSERT_EXISTS', 'RESOLVED')"
    )
    with pytest.raises(TriggerError, match="conflicts still open: 1"):
        await uninstall(db, force=False)
    await uninstall(db, force=True)
    assert await db.fetchval("SELECT to_regnamespace('cdc')") is None


async def test_while_writers_write(pair: Pair) -> None:
    db = pair.main
    await db.execute(TABLES)
    await capture(db)
    writer = await pair.connect(Side.MAIN)
    done = asyncio.Event()

    async def write() -> int:
        count = 0
        while not done.is_set():
            await writer.execute("INSERT INTO t (v) VALUES ('x'); UPDATE t SET v = 'y' WHERE id = 1")
            await writer.execute(f"INSERT INTO root VALUES ({count})")
            count += 1
        return count

    writing = asyncio.create_task(write())
    await uninstall(db, force=True)
    done.set()
    assert await writing > 0


async def test_a_locked_table_is_named_and_the_rest_can_be_run_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triggers.locks.Patience.__init__.__defaults__", (0.2,))
    db, app = pair.main, await pair.connect(Side.MAIN)
    await db.execute(TABLES)
    await capture(db)
    async with app.transaction():
        await app.execute("SELECT * FROM t")
        with pytest.raises(TriggerError, match=rf"public\.t by pid {app.get_server_pid()}"):
            await uninstall(db, force=False)
    await uninstall(db, force=False)
    assert await nothing_left(db)


async def nothing_left(db: Connection) -> bool:
    return bool(
        await db.fetchval(
            "SELECT to_regnamespace('cdc') IS NULL AND NOT EXISTS (SELECT FROM pg_trigger WHERE "
            "tgname LIKE 'cdc%')"
        )
    )


async def test_installing_after_uninstalling(pair: Pair) -> None:
    db = pair.main
    await db.execute(TABLES)
    for _ in range(2):
        await capture(db)
        await db.execute("INSERT INTO t (v) VALUES ('x')")
        assert len(await take(db)) == 1
        await uninstall(db, force=False)


async def test_an_event_trigger_that_does_not_find_its_table(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await capture(db)
    body = "BEGIN INSERT INTO ddl_log VALUES (1); END"
    await pair.administer(
        Side.MAIN,
        f"CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS '{body}';"
        "CREATE EVENT TRIGGER own ON sql_drop EXECUTE FUNCTION seen()",
    )
    with pytest.raises(asyncpg.UndefinedTableError, match="ddl_log"):
        await uninstall(db, force=True)
    await pair.administer(Side.MAIN, "DROP EVENT TRIGGER own")
    await uninstall(db, force=True)
    assert not await db.fetchval("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'cdc%'")
