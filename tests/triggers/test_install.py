from __future__ import annotations

import asyncio

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.hosts import Connection
from tests.triggers.changes import capture, take, until
from triggers.errors import TriggerError
from triggers.identifiers import identifier
from triggers.install import install

pytestmark = pytest.mark.untouched

TRIGGERS = """
SELECT tgrelid::regclass::text, tgname::text, oid, xmin FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2
"""


async def test_installing_again_touches_nothing(pair: Pair) -> None:
    db, other = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    assert (await capture(db)).changed == ("a", "b")
    before = await db.fetch(TRIGGERS)
    assert len(before) == 8
    async with other.transaction():
        await other.execute("LOCK TABLE a, b IN ACCESS EXCLUSIVE MODE")
        assert (await capture(db)).changed == ()
    assert await db.fetch(TRIGGERS) == before


async def test_only_what_is_missing_is_mended(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    await capture(db)
    for damage in (
        "DROP TRIGGER cdc_capture_update ON a",
        "ALTER TABLE a DISABLE TRIGGER cdc_capture_delete",
        "ALTER TABLE a ENABLE TRIGGER cdc_capture_insert",
        'ALTER TRIGGER cdc_capture_truncate ON a RENAME TO "mine now"',
    ):
        await db.execute(damage)
        assert (await capture(db)).changed == ("a",)
        assert (await capture(db)).changed == ()
    await db.execute("CREATE TABLE c (id int)")
    assert (await capture(db)).changed == ("c",)


async def test_twenty_at_once_while_writers_write(pair: Pair) -> None:
    db = pair.main
    await db.execute("".join(f"CREATE TABLE t{i} (id int PRIMARY KEY, v int);" for i in range(8)))
    writers = [await pair.connect(Side.MAIN) for _ in range(4)]
    installers = [await pair.connect(Side.MAIN) for _ in range(20)]
    done = asyncio.Event()

    async def write(connection: Connection, number: int) -> int:
        count = 0
        while not done.is_set():
            async with connection.transaction():
                for table in range(8):
                    await connection.execute(f"INSERT INTO t{table} VALUES ({count * 4 + number}, 0)")
                await connection.execute(f"UPDATE t{count % 8} SET v = 1 WHERE id = {count * 4 + number}")
            count += 1
        return count

    writing = [asyncio.create_task(write(connection, i)) for i, connection in enumerate(writers)]
    reports = await asyncio.gather(*(capture(connection) for connection in installers))
    done.set()
    written = await asyncio.gather(*writing)
    assert min(written) > 0
    assert sorted(table for report in reports for table in report.changed) == [f"t{i}" for i in range(8)]
    assert len(await db.fetch(TRIGGERS)) == 32
    assert await db.fetchval("SELECT count(*) FROM cdc.node") == 1
    await take(db)
    await db.execute("INSERT INTO t0 VALUES (-1, 0)")
    assert [c.new for c in await take(db)] == ["(-1,0)"]


async def test_a_locked_table_is_waited_for_in_short_tries(pair: Pair) -> None:
    db, app, reader = pair.main, await pair.connect(Side.MAIN), await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE busy (id int PRIMARY KEY); CREATE TABLE calm (id int PRIMARY KEY)")
    transaction = app.transaction()
    await transaction.start()
    await app.execute("INSERT INTO busy VALUES (1)")
    installing = asyncio.create_task(capture(db))
    await until(
        reader, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'busy'::regclass AND NOT granted)"
    )
    # A writer that comes while we wait queues behind us, and gets through although the lock is never ours.
    await asyncio.wait_for(reader.execute("INSERT INTO busy VALUES (2)"), 60)
    await transaction.commit()
    assert set((await asyncio.wait_for(installing, 120)).changed) == {"busy", "calm"}


async def test_a_table_that_stays_locked_is_named_and_the_others_are_done(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triggers.locks.PATIENCE", 0.2)
    monkeypatch.setattr("triggers.locks.Patience.__init__.__defaults__", (0.2,))
    db, app = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE busy (id int PRIMARY KEY); CREATE TABLE calm (id int PRIMARY KEY)")
    async with app.transaction():
        await app.execute("INSERT INTO busy VALUES (1)")
        with pytest.raises(TriggerError, match=f"busy by pid {app.get_server_pid()}"):
            await capture(db)
        await db.execute("INSERT INTO calm VALUES (1)")
        assert [c.table for c in await take(db)] == ["calm"]
    assert (await capture(db)).changed == ("busy",)


async def test_a_renamed_table_keeps_its_number(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    await capture(db)
    ids = dict(await db.fetch("SELECT table_name, id FROM cdc.captured_table"))
    await db.execute("ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b")
    assert (await capture(db)).changed == ()
    assert dict(await db.fetch("SELECT table_name, id FROM cdc.captured_table")) == {
        "b": ids["a"],
        "a": ids["b"],
    }
    await db.execute("ALTER TABLE a DROP CONSTRAINT b_pkey, ADD COLUMN k text NOT NULL UNIQUE")
    await capture(db)
    assert await db.fetchval("SELECT key_columns FROM cdc.captured_table WHERE table_name = 'a'") == ["k"]


async def test_dropped_tables_are_forgotten_once_nothing_refers_to_them(pair: Pair) -> None:
    db = pair.main
    await db.execute(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY); CREATE TABLE c ()"
    )
    await capture(db)
    ids = dict(await db.fetch("SELECT table_name, id FROM cdc.captured_table"))
    await db.execute(
        "INSERT INTO a VALUES (1); INSERT INTO c DEFAULT VALUES; DROP TABLE a, b, c; CREATE TABLE c ()"
    )
    await capture(db)
    left = dict(await db.fetch("SELECT table_name, id FROM cdc.captured_table"))
    assert left == {"a": ids["a"], "c": ids["c"]}  # a: not yet consumed; c: made anew under the same name
    await take(db)
    await capture(db)
    assert dict(await db.fetch("SELECT table_name, id FROM cdc.captured_table")) == {"c": ids["c"]}


async def test_a_name_taken_over_from_a_dropped_table(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    await capture(db)
    await db.execute("INSERT INTO a VALUES (1); DROP TABLE a; ALTER TABLE b RENAME TO a")
    await capture(db)
    names = [row[0] for row in await db.fetch("SELECT table_name FROM cdc.captured_table ORDER BY id")]
    assert names == ["a (dropped, 1)", "a"]


async def test_leaving_tables_out(pair: Pair) -> None:
    db = pair.main
    await db.execute(
        "CREATE TABLE a (); CREATE TABLE b (); CREATE TABLE _prisma_migrations (); CREATE SCHEMA s"
    )
    await db.execute("CREATE TABLE s.a ()")

    async def states(include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> dict[str, str]:
        report = await install(db, side="MAIN", schemas=["public", "s"], include=include, exclude=exclude)
        return {table.entity: table.state for table in report.tables}

    everything = {"a": "captured", "b": "captured", "_prisma_migrations": "excluded", "s.a": "captured"}
    assert await states() == everything
    assert await states(exclude=("b", "s.a")) == {**everything, "b": "excluded", "s.a": "excluded"}
    assert {row[0] for row in await db.fetch(TRIGGERS)} == {"a"}
    assert await states(include=("_prisma_migrations", "public.b", "nosuch")) == {
        "a": "excluded",
        "b": "captured",
        "_prisma_migrations": "captured",
        "s.a": "excluded",
        "nosuch": "refused",
    }
    assert await states() == everything


async def test_without_capture_there_is_the_schema_only(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE a (id int)")
    await capture(db)
    report = await install(db, side="MAIN", schemas=["public"], capture=False)
    assert [table.state for table in report.tables] == ["excluded"]
    assert await db.fetch(TRIGGERS) == []
    assert await db.fetchval("SELECT count(*) FROM cdc.captured_table") == 0


async def test_inside_a_transaction_nothing_is_done(pair: Pair) -> None:
    async with pair.main.transaction():
        with pytest.raises(TriggerError, match="inside a transaction"):
            await capture(pair.main)


async def test_an_owner_who_is_no_superuser(owner_pair: Pair) -> None:
    db = owner_pair.main
    await db.execute("CREATE SCHEMA shop; CREATE TABLE shop.t (id serial PRIMARY KEY, v int)")
    report = await install(db, side="MAIN", schemas=["shop"])
    assert [(t.entity, t.state) for t in report.tables] == [("shop.t", "captured")]
    await db.execute("INSERT INTO shop.t (v) VALUES (1); UPDATE shop.t SET v = 2; TRUNCATE shop.t")
    assert [c.op for c in await take(db)] == list("IUT")


async def test_a_role_that_may_not_make_the_schema(pair: Pair) -> None:
    login = await pair.add_login()
    with pytest.raises(TriggerError, match="cannot be made") as raised:
        await capture(await pair.connect(Side.MAIN, login))
    assert "GRANT CREATE ON DATABASE" in raised.value.hint


@pytest.mark.superuser("it gives things to roles that it is no member of")
async def test_tables_of_others_are_refused_with_the_way_out(pair: Pair) -> None:
    login = await pair.add_login()
    await pair.main.execute(
        f'GRANT CREATE ON DATABASE "{pair.name}" TO {login.name}; CREATE TABLE t (id int PRIMARY KEY)'
    )
    db = await pair.connect(Side.MAIN, login)
    (table,) = (await capture(db)).tables
    assert table.state == "refused"
    assert "only an owner" in table.notes[0]
    await pair.main.execute(f"ALTER TABLE t OWNER TO {login.name}")
    assert (await capture(db)).changed == ("t",)
    await pair.main.execute("ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY")
    (table,) = (await capture(db)).tables
    assert "BYPASSRLS" in table.notes[0]


@pytest.mark.superuser("it writes to the catalog")
async def test_a_subscription_target_is_refused(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    try:
        # Without a connection the table is not entered by itself; the catalog is what the worker would go by.
        await db.execute(
            "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)"
        )
        await db.execute("SET allow_system_table_mods = on")
        await db.execute(
            "INSERT INTO pg_subscription_rel SELECT oid, 't'::regclass, 'r', '0/0' FROM pg_subscription"
            " WHERE subname = 's'"
        )
        (table,) = (await capture(db)).tables
        assert table.state == "refused"
        assert "subscription" in table.notes[0]
    finally:
        await db.execute("DROP SUBSCRIPTION IF EXISTS s")


async def test_asyncpg_is_told_of_no_notice(pair: Pair) -> None:
    heard: list[asyncpg.PostgresLogMessage] = []
    pair.main.add_log_listener(lambda _, message: heard.append(message))
    await pair.main.execute("CREATE TABLE t (id int)")
    await capture(pair.main)
    assert heard == []


EVENT_TRIGGER = """
CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ddl_log SELECT command_tag FROM pg_event_trigger_ddl_commands();
END $$;
CREATE EVENT TRIGGER own ON ddl_command_end EXECUTE FUNCTION seen()
"""


async def test_an_event_trigger_that_does_not_find_its_table(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE ddl_log (tag text)")
    await pair.administer(Side.MAIN, EVENT_TRIGGER)
    with pytest.raises(
        TriggerError, match=r'cannot be made.*"ddl_log" does not exist.*function .*seen'
    ) as raised:
        await capture(db)
    assert "event trigger" in raised.value.hint
    await pair.administer(Side.MAIN, "ALTER EVENT TRIGGER own DISABLE")
    await install(db, side="MAIN", schemas=("public",), exclude=("t",))
    await pair.administer(Side.MAIN, "ALTER EVENT TRIGGER own ENABLE")
    report = await capture(db)
    (table,) = (table for table in report.tables if table.entity == "t")
    assert table.state == "refused"
    assert '"ddl_log" does not exist' in table.notes[0]
    assert "seen" in table.notes[0]


@pytest.mark.superuser("it grants a role to another")
async def test_a_member_that_does_not_inherit_is_told_so(pair: Pair) -> None:
    owner, login = await pair.add_login(), await pair.add_login()
    await pair.main.execute(
        f"GRANT CREATE ON DATABASE {identifier(pair.name)} TO {login.name}; ALTER ROLE {login.name} NOINHERIT;"
        f"GRANT {owner.name} TO {login.name};"
        f"CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t OWNER TO {owner.name}"
    )
    (table,) = (await capture(await pair.connect(Side.MAIN, login))).tables
    assert "inherit" in table.notes[0]
    await pair.main.execute(f"REVOKE {owner.name} FROM {login.name}")
