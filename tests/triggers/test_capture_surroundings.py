from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import Pair, make_cluster
from tests.triggers.changes import capture, take
from triggers.statements import statement

# Every alias, variable, function and staging name in our SQL, and what SQL itself finds hard.
NAMES = (
    "old_rows new_rows o n t r x f c k row one image images before after names most done dealt_with place name "
    "old_images new_images s ordinal id old new columns op seq txid at table_id seen found "
    "tg_argv tg_relid tg_op tg_table_name tg_table_schema key value this record cdc "
    "changelog pg_catalog text "
    "json select user order current_user Ünïcode 'quote' \"double\" back\\slash {brace} $1 %s a,b ctid_ "
    + "é"
    * 31
).split()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def test_columns_named_like_everything_we_use(pair: Pair) -> None:
    db = pair.main
    names = [*NAMES, "two words", "tab\there", "line\nbreak"]
    await db.execute(f"CREATE TABLE t ({', '.join(f'{quoted(name)} text' for name in names)})")
    await capture(db)
    values = ", ".join(f"'{i}'" for i in range(len(names)))
    await db.execute(f"INSERT INTO t VALUES ({values}), ({values})")
    await db.execute("UPDATE t SET old_rows = 'z' WHERE ctid = '(0,1)'")
    await db.execute("UPDATE t SET new_rows = 'z'")
    await db.execute("DELETE FROM t")
    stored = await db.fetch(
        "SELECT columns, op::text, coalesce(new, old) AS image FROM cdc.changelog ORDER BY seq"
    )
    assert [row["columns"] for row in stored] == [names] * 7
    assert [row["op"] for row in stored] == list("IIUUUDD")
    plain = "(" + ",".join(str(i) for i in range(len(names))) + ")"
    assert [row["image"] for row in stored][:3] == [plain, plain, plain.replace("(0,", "(z,")]


@pytest.mark.parametrize(
    "table", ["old_rows", "new_rows", "changelog", "row", "pg_class", 'a"b', "Ünïcode. x"]
)
async def test_tables_named_like_everything_we_use(pair: Pair, table: str) -> None:
    db = pair.main
    await db.execute(f"CREATE TABLE public.{quoted(table)} (id int PRIMARY KEY, {quoted(table)} int)")
    await capture(db)
    await db.execute(f"INSERT INTO public.{quoted(table)} VALUES (1, 1), (2, 2)")
    await db.execute(f"UPDATE public.{quoted(table)} SET id = id + 10")
    changes = await take(db)
    assert [(c.table, c.op, c.new) for c in changes] == [
        (table, "I", "(1,1)"),
        (table, "I", "(2,2)"),
        (table, "U", "(11,1)"),
        (table, "U", "(12,2)"),
    ]


async def write_each_way(db: asyncpg.Connection[asyncpg.Record], column: str) -> None:
    await db.execute(f"INSERT INTO t (id) VALUES (5), (6); UPDATE t SET {column} = '8'")
    await db.execute(f"UPDATE t SET {column} = '9' WHERE id = 1; DELETE FROM t WHERE id > 1")


@pytest.mark.parametrize("in_transaction", [False, True])
async def test_altered_between_two_statements_of_one_session(pair: Pair, *, in_transaction: bool) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
    await capture(db)
    await db.execute("INSERT INTO t VALUES (1, 'a')")
    steps = [
        ("ADD COLUMN b int DEFAULT 5", "b", "id,a,b", "(5,,5)"),
        ("DROP COLUMN a", "b", "id,b", "(5,5)"),
        ("RENAME COLUMN b TO c", "c", "id,c", "(5,5)"),
        ("ALTER COLUMN c TYPE text", "c", "id,c", "(5,5)"),
        ("ADD COLUMN a date DEFAULT '2020-02-02', ADD COLUMN n int", "c", "id,c,a,n", "(5,5,2020-02-02,)"),
        ("ALTER a TYPE timestamptz, DROP n", "c", "id,c,a", '(5,5,"2020-02-02 00:00:00+00")'),
    ]
    async with db.transaction() if in_transaction else contextlib.nullcontext():
        await write_each_way(db, "a")
        for change, column, columns, image in steps:
            await take(db)
            await db.execute(f"ALTER TABLE t {change}")
            await write_each_way(db, column)
            changes = await take(db)
            assert {c.columns for c in changes} == {columns}
            assert {c.op for c in changes} == {"I", "U", "D"}
            assert changes[0].new == image
            fields = image.count(",")
            assert {text.count(",") for c in changes for text in (c.old, c.new) if text} == {fields}


async def test_altered_by_others_between_two_statements_of_one_session(pair: Pair) -> None:
    db, other = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, a text); CREATE SCHEMA elsewhere")
    await capture(db)
    steps = [
        ("ALTER TABLE t ADD COLUMN b int", "t", "b", "id,a,b"),
        ("ALTER TABLE t RENAME COLUMN b TO c", "t", "c", "id,a,c"),
        ("ALTER TABLE t DROP COLUMN a", "t", "c", "id,c"),
        ("ALTER TABLE t RENAME TO u", "u", "c", "id,c"),
        ("ALTER TABLE u SET SCHEMA elsewhere", "elsewhere.u", "c", "id,c"),
        ("CREATE TABLE t (a int); ALTER TABLE elsewhere.u RENAME COLUMN c TO d", "elsewhere.u", "d", "id,d"),
    ]
    for change, table, column, columns in steps:
        await other.execute(change)
        for value in "123":
            await db.execute(f"INSERT INTO {table} (id) VALUES (1)")
            await db.execute(f"UPDATE {table} SET {column} = '{value}'")
            await db.execute(f"INSERT INTO {table} (id) VALUES (2), (3)")
            await db.execute(f"UPDATE {table} SET {column} = '8'")
            await db.execute(f"DELETE FROM {table} WHERE id = 1; DELETE FROM {table}")
        changes = await take(db)
        assert {(c.op, c.columns) for c in changes} == {(op, columns) for op in "IUD"}
        fields = columns.count(",")
        assert {text.count(",") for c in changes for text in (c.old, c.new) if text} == {fields}


async def test_an_alteration_that_is_taken_back(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
    await capture(db)
    await db.execute("INSERT INTO t VALUES (1, 'a')")
    await db.execute("BEGIN; SAVEPOINT s; ALTER TABLE t RENAME a TO b; INSERT INTO t VALUES (2, 'b')")
    assert await db.fetchval("SELECT columns FROM cdc.changelog WHERE new = '(2,b)'") == ["id", "b"]
    await db.execute(
        "ROLLBACK TO s; INSERT INTO t VALUES (3, 'c'); COMMIT; UPDATE t SET a = 'd' WHERE id = 3"
    )
    assert [(c.columns, c.new) for c in await take(db)] == [
        ("id,a", text) for text in ("(1,a)", "(3,c)", "(3,d)")
    ]


@pytest.mark.parametrize("setting", ["0", "nonsense", "", "{u}", "{t}"])
async def test_an_application_that_sets_what_capture_remembers(pair: Pair, setting: str) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, a text); CREATE TABLE u (x int PRIMARY KEY)")
    await capture(db)
    oids = await db.fetchrow("SELECT 't'::regclass::oid::text AS t, 'u'::regclass::oid::text AS u")
    await db.execute(f"SET cdc.relation = '{setting.format(**oids)}'")
    await db.execute("INSERT INTO t VALUES (1, 'a'); INSERT INTO u VALUES (1)")
    await db.execute(f"BEGIN; SET LOCAL cdc.relation = '{setting.format(**oids)}'")
    await db.execute("UPDATE t SET a = 'b'; UPDATE u SET x = 2; UPDATE t SET a = 'c'; COMMIT")
    await db.execute("RESET ALL; DELETE FROM u; DELETE FROM t")
    assert [(c.table, c.op, c.columns) for c in await take(db)] == [
        *(("t", "I", "id,a"), ("u", "I", "x"), ("t", "U", "id,a"), ("u", "U", "x"), ("t", "U", "id,a")),
        *(("u", "D", "x"), ("t", "D", "id,a")),
    ]


async def test_names_that_cannot_be_had_from_the_type(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
    await capture(db)
    await db.execute(statement("capture_columns").replace("(NULL::%s)", "(NULL::cdc.%s)"))
    await db.execute("INSERT INTO t VALUES (1, 'a'); UPDATE t SET a = 'b'; DELETE FROM t")
    await db.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b'); UPDATE t SET a = 'c'; DELETE FROM t")
    changes = await take(db)
    assert [(c.op, c.columns) for c in changes] == [(op, "id,a") for op in "IUDIIUUDD"]


async def test_a_column_added_behind_a_repeatable_read_snapshot(pair: Pair) -> None:
    db, other = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await capture(db)
    async with db.transaction(isolation="repeatable_read"):
        await db.fetch("SELECT 1 FROM pg_class")
        await other.execute("ALTER TABLE t ADD COLUMN v int DEFAULT 3")
        await db.execute("INSERT INTO t VALUES (1, 2), (2, 3)")
        await db.execute("UPDATE t SET v = 4 WHERE id = 1")
        await db.execute("DELETE FROM t WHERE id = 2")
    assert [(c.columns, c.old, c.new) for c in await take(db)] == [
        ("id,v", None, "(1,2)"),
        ("id,v", None, "(2,3)"),
        ("id,v", "(1,2)", "(1,4)"),
        ("id,v", "(2,3)", None),
    ]


async def test_images_do_not_depend_on_the_session(pair: Pair) -> None:
    db = pair.main
    await db.execute(
        "CREATE TABLE t (id int PRIMARY KEY, a timestamptz, b interval, c float8, d bytea,"
        " e regclass, f date,"
        " g timestamptz[], h float4, i money)"
    )
    await capture(db)
    settings = {
        "DateStyle": "German",
        "IntervalStyle": "sql_standard",
        "TimeZone": "America/New_York",
        "extra_float_digits": "-5",
        "bytea_output": "escape",
        "search_path": "public",
        "quote_all_identifiers": "on",
    }
    for name, value in settings.items():
        await db.execute(f"SET {name} = '{value}'")
    await db.execute(
        "INSERT INTO t VALUES (1, '2024-07-01 12:00+00', '1 year 2 days -03:04:05.6',"
        " 0.1::float8 + 0.2, '\\xff00',"
        " 't', '2024-07-01', '{2024-07-01 12:00+00, infinity}', 0.1, 12.5)"
    )
    await db.execute("UPDATE t SET id = 2")
    text = (
        ',"2024-07-01 12:00:00+00","1 year 2 days '
        '-03:04:05.6",0.30000000000000004,"\\\\xff00",public.t,2024-07-01,'
        '"{""2024-07-01 12:00:00+00"",infinity}",0.1,$12.50)'
    )
    assert [c.new for c in await take(db)] == [f"(1{text}", f"(2{text}"]
    for name, value in settings.items():
        assert (await db.fetchval("SELECT current_setting($1)", name)).startswith(value)


async def test_settings_that_change_what_statements_mean_or_how_long_they_may_take(pair: Pair) -> None:
    """What is captured under them is what is captured without, and no write fails."""
    await pair.main.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE p (LIKE t) PARTITION BY LIST (id);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2)"
    )
    await capture(pair.main)
    strange = await pair.connect(Side.MAIN)
    await strange.execute("DO 'BEGIN END'")  # from here on there are settings of PL/pgSQL
    for setting in (
        "lock_timeout = '1ms'",
        "idle_in_transaction_session_timeout = '1s'",
        "default_transaction_isolation = serializable",
        "standard_conforming_strings = off",
        "escape_string_warning = off",
        "transform_null_equals = on",
        "quote_all_identifiers = on",
        "array_nulls = off",
        "xmloption = document",
        "row_security = off",
        "enable_seqscan = off",
        "jit_above_cost = 0",
        "plpgsql.extra_errors = 'all'",
    ):
        await strange.execute(f"SET {setting}")
    captured = []
    for connection in (pair.main, strange):
        for rows in (1, 2, 50, 1200):
            await connection.execute("INSERT INTO t SELECT i, NULL FROM generate_series(1, $1::int) i", rows)
            await connection.execute("UPDATE t SET v = $1", "a\\'b")
            await connection.execute("UPDATE t SET id = id + 10000; DELETE FROM t")
        await connection.execute(
            "INSERT INTO p VALUES (1), (2); UPDATE p SET v = 'c'; DELETE FROM p1; TRUNCATE t, p"
        )
        captured.append(await take(pair.main))
    assert captured[0] == captured[1]


async def test_serializable_writers_do_not_meet_in_what_is_captured(pair: Pair) -> None:
    """Their rows have nothing to do with each other, so whatever order they commit in, both do."""
    await pair.main.execute("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)")
    await capture(pair.main)
    writers = [await pair.connect(Side.MAIN) for _ in range(2)]
    for number in range(10):
        for writer, table in zip(writers, "ab", strict=True):
            await writer.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            await writer.execute(f"INSERT INTO {table} VALUES ({number}), ({number + 100})")
        for writer, table in zip(writers, "ab", strict=True):
            await writer.execute(f"UPDATE {table} SET id = id + 1000 WHERE id = {number}")
        for writer in writers[:: 1 if number % 2 else -1]:
            await writer.execute("COMMIT")
    assert len(await take(pair.main)) == 10 * 2 * 3


@pytest.mark.superuser("it gives things to roles that it is no member of")
async def test_a_role_without_any_right_on_schema_cdc_writes(pair: Pair) -> None:
    login = await pair.add_login()
    await pair.main.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v int);"
        f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON t TO {login.name};"
        f"CREATE SCHEMA own AUTHORIZATION {login.name} CREATE TABLE own.t ()"
    )
    await capture(pair.main)
    app = await pair.connect(Side.MAIN, login)
    await app.execute(
        "INSERT INTO t VALUES (1, 1), (2, 2); UPDATE t SET v = 3; UPDATE t SET v = 4 WHERE id = 1"
    )
    await app.execute("DELETE FROM t; TRUNCATE t")
    assert [c.op for c in await take(pair.main)] == list("IIUUUDDT")
    for forbidden in (
        "SELECT * FROM cdc.changelog",
        "SELECT cdc.wake()",
        "CREATE TRIGGER x AFTER INSERT ON own.t EXECUTE FUNCTION cdc.capture_insert(1)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(forbidden)


@pytest.mark.superuser("it gives things to roles that it is no member of")
async def test_a_hostile_search_path(pair: Pair) -> None:
    login = await pair.add_login()
    await pair.main.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text);"
        f"GRANT ALL ON t TO {login.name}; CREATE SCHEMA evil AUTHORIZATION {login.name}"
    )
    await capture(pair.main)
    app = await pair.connect(Side.MAIN, login)
    boom = "LANGUAGE plpgsql AS $$BEGIN RAISE 'ran as %', current_user; END$$"
    for name in (
        "row_to_json(record) RETURNS json",
        "json_object_keys(json) RETURNS SETOF text",
        "current_setting(text, boolean) RETURNS text",
        "current_setting(text) RETURNS text",
        "pg_try_advisory_xact_lock_shared(int, int) RETURNS boolean",
        "pg_notify(text, text) RETURNS void",
        "pg_notification_queue_usage() RETURNS float8",
        "ne(text, text) RETURNS boolean",
        "eq(text, text) RETURNS boolean",
    ):
        await app.execute(f"CREATE FUNCTION evil.{name} {boom}")
    await app.execute(
        "CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.ne);"
        "CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);"
        "CREATE TABLE evil.changelog (x int); CREATE TABLE evil.new_rows (x int);"
        " CREATE TYPE evil.text AS (x int);"
        "CREATE TEMP TABLE new_rows (x int); CREATE TEMP TABLE old_rows (x int);"
        " CREATE TEMP TABLE changelog ();"
        "CREATE TEMP TABLE pg_class (x int); CREATE TYPE pg_temp.text AS (x int);"
        " SET search_path = evil, pg_catalog, public"
    )
    await app.execute("INSERT INTO public.t VALUES (1, 'a'), (2, 'b')")
    await app.execute("UPDATE public.t SET v = 'c'")
    await app.execute("UPDATE public.t SET v = 'd' WHERE id OPERATOR(pg_catalog.=) 1")
    await app.execute("DELETE FROM public.t; TRUNCATE public.t")
    assert [c.op for c in await take(pair.main)] == list("IIUUUDDT")


async def test_a_cast_of_the_table_cannot_run_with_our_rights(pair: Pair) -> None:
    db = pair.main
    await db.execute(
        "CREATE TABLE t (id int PRIMARY KEY);"
        "CREATE FUNCTION spy(t) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE 'ran as %',"
        " current_user; END$$;"
        "CREATE CAST (t AS text) WITH FUNCTION spy(t)"
    )
    await capture(db)
    await db.execute("INSERT INTO t VALUES (1); UPDATE t SET id = 2; DELETE FROM t")
    assert [c.op for c in await take(db)] == list("IUD")


async def test_a_sleeping_listener_is_woken(pair: Pair) -> None:
    db, listener = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await capture(db)
    woken: asyncio.Queue[object] = asyncio.Queue()
    await listener.add_listener("cdc_wake", lambda *heard: woken.put_nowait(heard[3]))
    await db.execute("INSERT INTO t VALUES (1)")
    await listener.execute("SELECT pg_advisory_lock(6513763, 1)")
    for write in (
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET id = 3 WHERE id = 2",
        "DELETE FROM t",
        "TRUNCATE t",
    ):
        await db.execute(write)
        assert await asyncio.wait_for(woken.get(), 60) == ""
    await listener.execute("SELECT pg_advisory_unlock(6513763, 1)")
    await db.execute("INSERT INTO t VALUES (4)")
    await db.execute("NOTIFY cdc_wake, 'last'")
    # Nothing was sent while the listener was awake: the next that it hears is our own word.
    assert await asyncio.wait_for(woken.get(), 60) == "last"


async def test_a_writer_holds_the_listener_awake_until_it_commits(pair: Pair) -> None:
    db, listener = pair.main, await pair.connect(Side.MAIN)
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await capture(db)
    async with db.transaction():
        await db.execute("INSERT INTO t VALUES (1)")
        assert not await listener.fetchval("SELECT pg_try_advisory_lock(6513763, 1)")
    assert await listener.fetchval("SELECT pg_try_advisory_lock(6513763, 1)")


async def test_prepared_transactions(server_folder: Path) -> None:
    async with AsyncExitStack() as stack:
        server = make_cluster("prepared", server_folder, max_prepared_transactions="2")
        await server.start()
        stack.push_async_callback(server.stop)
        db = await asyncpg.connect(server.url("postgres"))
        stack.push_async_callback(db.close)
        listener = await asyncpg.connect(server.url("postgres"))
        stack.push_async_callback(listener.close)
        await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
        await capture(db)
        await listener.execute("SELECT pg_advisory_lock(6513763, 1)")
        await db.execute("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'x'")
        await db.execute("COMMIT PREPARED 'x'")
        assert [c.new for c in await take(db)] == ["(1)"]
