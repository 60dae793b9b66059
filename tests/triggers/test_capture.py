from __future__ import annotations

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.triggers.changes import Captured, capture, limit_images, take
from triggers.capture import record_existing
from triggers.identifiers import qualified


async def test_insert_update_delete(pair: Pair) -> None:
    db = pair.main
    await db.execute('CREATE TABLE "Product" (id text PRIMARY KEY, name text, price numeric)')
    await capture(db)
    await db.execute("INSERT INTO \"Product\" VALUES ('a', 'x, \"y\"', 1.50), ('b', NULL, NULL)")
    await db.execute("UPDATE \"Product\" SET price = 2 WHERE id = 'a'")
    await db.execute("DELETE FROM \"Product\" WHERE id = 'b'")
    columns = "id,name,price"
    assert await take(db) == [
        Captured("Product", "I", columns, None, '(a,"x, ""y""",1.50)'),
        Captured("Product", "I", columns, None, "(b,,)"),
        Captured("Product", "U", columns, '(a,"x, ""y""",1.50)', '(a,"x, ""y""",2)'),
        Captured("Product", "D", columns, "(b,,)", None),
    ]


async def test_many_rows_are_paired_with_themselves(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v int, filler text)")
    await capture(db)
    await db.execute("INSERT INTO t SELECT i, i, repeat('x', 200) FROM generate_series(1, 30000) i")
    await db.execute("DELETE FROM cdc.changelog")
    # A small update first: the plan that it leaves behind must not make the large one quadratic.
    await db.execute("UPDATE t SET v = v + 1 WHERE id <= 2")
    await db.execute("DELETE FROM cdc.changelog")
    await db.execute("SET work_mem = '64kB'")
    await db.execute("UPDATE t SET v = -v WHERE id % 3 <> 0", timeout=60)
    count, wrong = await db.fetchrow(
        "SELECT count(*), count(*) FILTER (WHERE (old::t).id <> (new::t).id OR (old::t).v <> -(new::t).v)"
        " FROM (SELECT old::text::t AS old, new::text::t AS new FROM cdc.changelog) AS c"
    )
    assert (count, wrong) == (20000, 0)


@pytest.mark.parametrize("count", [1, 2, 32, 33, 34, 66, 1032, 1033, 1034, 3000])
async def test_statements_of_any_number_of_rows(pair: Pair, count: int) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v int)")
    await capture(db)
    await db.execute(f"INSERT INTO t SELECT i, i FROM generate_series(1, {count}) i")
    # Every third one is left as it is.
    await db.execute("UPDATE t SET v = CASE WHEN id % 3 = 0 THEN v ELSE -v END")
    await db.execute("DELETE FROM t")
    ids = range(1, count + 1)
    changes = [(c.op, c.old, c.new) for c in await take(db)]
    assert changes[:count] == [("I", None, f"({i},{i})") for i in ids]
    assert changes[count:-count] == [("U", f"({i},{i})", f"({i},{-i})") for i in ids if i % 3]
    assert sorted(changes[-count:]) == sorted(("D", f"({i},{i if i % 3 == 0 else -i})", None) for i in ids)


async def test_two_images_too_large_for_one_row_of_the_changelog(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")
    await capture(db)
    # The real limit is near a gigabyte, which takes a minute to write.
    await limit_images(db, 100)
    await db.execute("INSERT INTO t VALUES (1, 'a'), (2, repeat('x', 60)), (3, repeat('x', 60))")
    await take(db)
    await db.execute("UPDATE t SET id = 4 WHERE id = 3")
    assert [(c.op, c.old, c.new) for c in await take(db)] == [("K", None, "(3)"), ("K", None, "(4)")]
    await db.execute("UPDATE t SET v = v WHERE id = 2")
    assert await take(db) == []
    await db.execute("UPDATE t SET v = v WHERE id IN (2, 4)")
    assert await take(db) == []
    await db.execute("UPDATE t SET id = id + 10 WHERE id < 3")
    assert [(c.op, c.old, c.new) for c in await take(db)] == [
        ("U", "(1,a)", "(11,a)"),
        ("K", None, "(2)"),
        ("K", None, "(12)"),
    ]


async def test_two_images_too_large_for_one_row_of_the_changelog_without_a_key(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int, v text)")
    await capture(db)
    await limit_images(db, 100)
    large = "x" * 60
    await db.execute("INSERT INTO t VALUES (1, $1), (2, $1)", large)
    await take(db)
    await db.execute("UPDATE t SET v = v WHERE id = 2")
    assert await take(db) == []
    await db.execute("UPDATE t SET id = id + 10")
    assert [(c.op, c.old, c.new) for c in await take(db)] == [
        ("D", f"(1,{large})", None),
        ("I", None, f"(11,{large})"),
        ("D", f"(2,{large})", None),
        ("I", None, f"(12,{large})"),
    ]


@pytest.mark.superuser("counts calls of functions")
async def test_a_row_too_large_is_not_printed_beside_others(pair: Pair) -> None:
    """Of a row near 1 GB each try takes seconds: the first one tells that there is to be one only."""
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v text); SET track_functions = 'all'")
    await capture(db)
    await limit_images(db, 100)
    for sql in (
        "INSERT INTO t VALUES (1, repeat('x', 120))",
        "UPDATE t SET v = v || 'y'",
        "DELETE FROM t",
    ):
        async with db.transaction():
            calls = "SELECT coalesce(sum(calls), 0) FROM pg_stat_xact_user_functions WHERE funcname = 'capture_rows'"
            before = await db.fetchval(calls)
            await db.execute(sql)
            assert await db.fetchval(calls) == before + 1
        assert [(c.op, c.new) for c in await take(db)] == [("K", "(1)")]


@pytest.mark.parametrize(
    ("alter", "names"),
    [
        ('ALTER TABLE t RENAME id TO "n r"', "n r"),
        ("ALTER TABLE t DROP id, ADD PRIMARY KEY (other)", "other"),
        ("ALTER TABLE t DROP id; CREATE UNIQUE INDEX ON t (Other DESC) INCLUDE (v)", "other"),
    ],
)
@pytest.mark.parametrize("rows", [1, 3])
async def test_rows_too_large_after_their_key_was_altered(
    pair: Pair, alter: str, names: str, rows: int
) -> None:
    """By the key that the table has now, whatever it had when capture was installed."""
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, other int NOT NULL, v text)")
    await capture(db)
    await limit_images(db, 100)
    await db.execute("INSERT INTO t SELECT i, i, 'x' FROM generate_series(1, $1) i", rows)
    await db.execute(alter)
    await take(db)
    await db.execute("UPDATE t SET v = repeat('x', 120)")
    await db.execute("DELETE FROM t")
    by_key = [("K", names, f"({i})") for i in range(1, rows + 1)]
    assert sorted((c.op, c.columns, c.new) for c in await take(db)) == sorted(by_key * 2)


async def test_a_row_too_large_whose_key_is_renamed_behind_a_snapshot(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x')")
    await db.execute("CREATE TABLE other (id int)")
    await capture(db)
    await limit_images(db, 100)
    other = await pair.connect(Side.MAIN)
    async with db.transaction(isolation="repeatable_read"):
        await db.execute("SELECT FROM other")
        await other.execute("ALTER TABLE t RENAME id TO nr")
        await db.execute("UPDATE t SET v = repeat('x', 120)")
    assert [(c.op, c.columns, c.new) for c in await take(db)] == [("K", "nr", "(1)")]


async def test_rows_too_large_are_recorded_by_their_keys(pair: Pair) -> None:
    db = pair.main
    await db.execute('CREATE TABLE t (v text, "b c" int, a text, PRIMARY KEY (a, "b c"))')
    await capture(db)
    await limit_images(db, 100)

    async def taken() -> list[tuple[str, str | None, str | None, str | None]]:
        return [(c.op, c.columns, c.old, c.new) for c in await take(db)]

    def by_key(text: str) -> tuple[str, str, None, str]:
        return ("K", "a,b c", None, text)

    whole, large = "v,b c,a", "x" * 120
    await db.execute("INSERT INTO t VALUES ($1, 1, 'x,y')", large)
    assert await taken() == [by_key('("x,y",1)')]
    await db.execute(
        "INSERT INTO t SELECT CASE WHEN i % 4 = 0 THEN $1 ELSE 's' END, i, 'm' FROM generate_series(2, 9) i",
        large,
    )
    assert await taken() == [
        by_key(f"(m,{i})") if i % 4 == 0 else ("I", whole, None, f"(s,{i},m)") for i in range(2, 10)
    ]
    await db.execute("UPDATE t SET a = 'n' WHERE \"b c\" = 4")
    assert await taken() == [by_key("(m,4)"), by_key("(n,4)")]
    await db.execute("UPDATE t SET v = v || 'x' WHERE \"b c\" = 4")
    assert await taken() == [by_key("(n,4)")]
    await db.execute(
        "UPDATE t SET v = CASE \"b c\" WHEN 8 THEN 'small' WHEN 9 THEN $1 ELSE v || 's' END", large
    )
    assert sorted(await taken(), key=lambda change: change[3] or "") == sorted(
        [
            by_key('("x,y",1)'),
            by_key("(n,4)"),
            by_key("(m,8)"),
            by_key("(m,9)"),
            *(("U", whole, f"(s,{i},m)", f"(ss,{i},m)") for i in (2, 3, 5, 6, 7)),
        ],
        key=lambda change: change[3] or "",
    )
    await db.execute('DELETE FROM t WHERE "b c" = 1')
    assert await taken() == [by_key('("x,y",1)')]
    await db.execute('DELETE FROM t WHERE "b c" < 6')
    assert sorted(await taken(), key=str) == sorted(
        [by_key("(n,4)"), *(("D", whole, f"(ss,{i},m)", None) for i in (2, 3, 5))], key=str
    )


@pytest.mark.parametrize("large", [1, 33, 34, 50, 60])
async def test_a_row_too_large_wherever_it_lies_in_a_statement(pair: Pair, large: int) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")
    await capture(db)
    await limit_images(db, 5000)
    await db.execute(
        "INSERT INTO t SELECT i, repeat('x', CASE WHEN i = $1 THEN 6000 ELSE 3 END) FROM generate_series(1, 60) i",
        large,
    )
    await db.execute("UPDATE t SET v = v || 'y'")
    await db.execute("DELETE FROM t")
    kept = [i for i in range(1, 61) if i != large]
    changes = await take(db)
    assert [c.new for c in changes if c.op == "K"] == [f"({large})"] * 3
    assert [c.new for c in changes if c.op == "I"] == [f"({i},xxx)" for i in kept]
    assert sorted(c.old or "" for c in changes if c.op == "U") == sorted(f"({i},xxx)" for i in kept)
    assert sorted(c.old or "" for c in changes if c.op == "D") == sorted(f"({i},xxxy)" for i in kept)


async def test_rows_that_a_table_has_already(pair: Pair) -> None:
    """One that is too large is recorded by its key, wherever it lies among the others."""
    db = pair.main
    await db.execute('CREATE TABLE t (v text, "b c" int PRIMARY KEY)')
    await db.execute(
        "INSERT INTO t SELECT repeat('x', CASE WHEN i IN (1, 40, 41, 99) THEN 120 ELSE 3 END), i"
        " FROM generate_series(1, 99) i"
    )
    await capture(db)
    await limit_images(db, 100)
    number = await db.fetchval("SELECT id FROM cdc.captured_table")
    async with db.transaction():
        await record_existing(db, qualified("public", "t"), number)
    assert [(c.op, c.columns, c.new) for c in await take(db)] == [
        ("K", "b c", f"({i})") if i in {1, 40, 41, 99} else ("I", "v,b c", f"(xxx,{i})")
        for i in range(1, 100)
    ]
    await db.execute("TRUNCATE t")
    await take(db)
    await record_existing(db, qualified("public", "t"), number)
    await db.execute("ALTER TABLE t DROP v; INSERT INTO t SELECT i FROM generate_series(1, 100001) i")
    await take(db)
    await record_existing(db, qualified("public", "t"), number)
    assert await take(db) == []


async def test_a_row_too_large_in_a_table_without_a_key_is_refused(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (v text)")
    await capture(db)
    await limit_images(db, 100)
    await db.execute("INSERT INTO t VALUES ('small')")
    with pytest.raises(asyncpg.ProgramLimitExceededError, match="its table has no key"):
        await db.execute("INSERT INTO t VALUES (repeat('x', 200))")
    with pytest.raises(asyncpg.ProgramLimitExceededError, match="its table has no key"):
        await db.execute("INSERT INTO t VALUES ('s'), (repeat('x', 200))")
    assert [c.new for c in await take(db)] == ["(small)"]
    await db.execute("ALTER TABLE t DISABLE TRIGGER USER; INSERT INTO t VALUES (repeat('x', 200))")
    with pytest.raises(asyncpg.ProgramLimitExceededError, match="its table has no key"):
        await record_existing(
            db, qualified("public", "t"), await db.fetchval("SELECT id FROM cdc.captured_table")
        )


async def test_update_that_changes_nothing_is_not_recorded(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v numeric)")
    await capture(db)
    await db.execute("INSERT INTO t VALUES (1, 1.0), (2, 2), (3, 3)")
    await take(db)
    await db.execute("UPDATE t SET v = v WHERE id = 1")
    await db.execute("UPDATE t SET v = v")
    await db.execute("UPDATE t SET v = 9 WHERE false")
    await db.execute("DELETE FROM t WHERE false")
    await db.execute("INSERT INTO t SELECT 4, 4 WHERE false")
    assert await take(db) == []
    await db.execute("UPDATE t SET v = 1.00 WHERE id <= 2")
    assert [(c.old, c.new) for c in await take(db)] == [("(1,1.0)", "(1,1.00)"), ("(2,2)", "(2,1.00)")]


async def test_a_changed_key_is_one_update(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, v text)")
    await capture(db)
    await db.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    await take(db)
    await db.execute("UPDATE t SET id = id + 1")
    assert [(c.op, c.old, c.new) for c in await take(db)] == [
        ("U", "(1,a)", "(2,a)"),
        ("U", "(2,b)", "(3,b)"),
        ("U", "(3,c)", "(4,c)"),
    ]


async def test_on_conflict_do_update(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v int)")
    await capture(db)
    await db.execute("INSERT INTO t VALUES (1, 1), (3, 3), (5, 5)")
    await take(db)
    await db.execute(
        "INSERT INTO t SELECT i, i * 10 FROM generate_series(1, 6) i"
        " ON CONFLICT (id) DO UPDATE SET v = t.v + excluded.v"
    )
    assert sorted((c.op, c.old, c.new) for c in await take(db) if c.op == "U") == [
        ("U", "(1,1)", "(1,11)"),
        ("U", "(3,3)", "(3,33)"),
        ("U", "(5,5)", "(5,55)"),
    ]
    await db.execute("INSERT INTO t VALUES (1, 0), (7, 0) ON CONFLICT DO NOTHING")
    assert [(c.op, c.new) for c in await take(db)] == [("I", "(7,0)")]


async def test_merge(pair: Pair) -> None:
    db = pair.main
    if db.get_server_version().major < 15:
        pytest.skip("MERGE came with PostgreSQL 15")
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v int)")
    await capture(db)
    await db.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    await take(db)
    await db.execute(
        "MERGE INTO t USING generate_series(1, 5) AS s (id) ON t.id = s.id"
        " WHEN MATCHED AND s.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET v = 0"
        " WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.id)"
    )
    assert sorted((c.op, c.old, c.new) for c in await take(db)) == [
        ("D", "(2,2)", None),
        ("I", None, "(4,4)"),
        ("I", None, "(5,5)"),
        ("U", "(1,1)", "(1,0)"),
        ("U", "(3,3)", "(3,0)"),
    ]


async def test_copy(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")
    await capture(db)
    await db.copy_records_to_table("t", records=[(1, "a\tb"), (2, None)])
    assert [(c.op, c.new) for c in await take(db)] == [("I", '(1,"a\tb")'), ("I", "(2,)")]


async def test_foreign_key_cascades(pair: Pair) -> None:
    db = pair.main
    await db.execute(
        "CREATE TABLE p (id int PRIMARY KEY);"
        "CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);"
        "CREATE TABLE n (id int PRIMARY KEY, c int REFERENCES c ON DELETE SET NULL)"
    )
    await capture(db)
    await db.execute(
        "INSERT INTO p VALUES (1), (2), (3); INSERT INTO c SELECT i, 1 + i % 3 FROM generate_series(1, 6) i;"
        "INSERT INTO n SELECT i, i FROM generate_series(1, 6) i"
    )
    await take(db)
    await db.execute("UPDATE p SET id = id + 10")
    updates = [(c.old, c.new) for c in await take(db) if c.table == "c"]
    assert sorted(updates) == sorted((f"({i},{1 + i % 3})", f"({i},{11 + i % 3})") for i in range(1, 7))
    await db.execute("DELETE FROM p WHERE id IN (11, 12)")
    changes = await take(db)
    assert sorted(c.old for c in changes if c.table == "p" and c.old) == ["(11)", "(12)"]
    assert sorted(c.old for c in changes if c.table == "c" and c.old) == [
        "(1,12)",
        "(3,11)",
        "(4,12)",
        "(6,11)",
    ]
    assert sorted((c.op, c.old, c.new) for c in changes if c.table == "n") == [
        ("U", f"({i},{i})", f"({i},)") for i in (1, 3, 4, 6)
    ]


async def test_rollbacks_and_savepoints(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await capture(db)
    async with db.transaction():
        await db.execute("INSERT INTO t VALUES (1)")
        savepoint = db.transaction()
        await savepoint.start()
        await db.execute("INSERT INTO t VALUES (2)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await db.execute("INSERT INTO t VALUES (1)")
        await savepoint.rollback()
        await db.execute("INSERT INTO t VALUES (3)")
        xid = await db.fetchval("SELECT pg_current_xact_id()::text")
        assert await db.fetch("SELECT DISTINCT txid::text FROM cdc.changelog") == [(xid,)]
    await db.execute("BEGIN; INSERT INTO t VALUES (4); ROLLBACK")
    assert [c.new for c in await take(db)] == ["(1)", "(3)"]


async def test_views_and_rules(pair: Pair) -> None:
    db = pair.main
    await db.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v int); CREATE VIEW w AS SELECT * FROM t WHERE v < 10;"
        "CREATE TABLE u (id int PRIMARY KEY, v int);"
        "CREATE RULE r AS ON INSERT TO u DO ALSO INSERT INTO t VALUES (new.id, new.v)"
    )
    await capture(db)
    await db.execute("INSERT INTO w VALUES (1, 1)")
    await db.execute("UPDATE w SET v = 2")
    await db.execute("INSERT INTO u VALUES (2, 2)")
    assert [(c.table, c.op, c.new) for c in await take(db)] == [
        ("t", "I", "(1,1)"),
        ("t", "U", "(1,2)"),
        ("u", "I", "(2,2)"),
        ("t", "I", "(2,2)"),
    ]


async def test_truncate(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p)")
    await capture(db)
    await db.execute("TRUNCATE p RESTART IDENTITY CASCADE")
    assert sorted(await take(db)) == [Captured(table, "T", None, None, None) for table in ("c", "p")]
    await db.execute("INSERT INTO cdc.position (source, epoch, seen) VALUES ('BACKUP', 'x', '10:20:15')")
    await db.execute("TRUNCATE c")
    assert await db.fetchval("SELECT seen::text FROM cdc.changelog") == "10:20:15"


async def test_nothing_is_captured_while_applying(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await capture(db)
    async with db.transaction():
        await db.execute("SELECT set_config('cdc.applying', 'on', true)")
        await db.execute("INSERT INTO t VALUES (1); UPDATE t SET id = 2; DELETE FROM t; TRUNCATE t")
    assert await take(db) == []
    # After use the setting is an empty text, not null: capture is on again.
    await db.execute("INSERT INTO t VALUES (3)")
    assert [c.new for c in await take(db)] == ["(3)"]


@pytest.mark.granted("it sets session_replication_role")
async def test_replica_mode_is_captured(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await capture(db)
    await db.execute("SET session_replication_role = replica; INSERT INTO t VALUES (1)")
    assert [c.new for c in await take(db)] == ["(1)"]


async def test_two_hundred_columns(pair: Pair) -> None:
    db = pair.main
    names = [f"c{i}" for i in range(200)]
    await db.execute(f"CREATE TABLE t ({', '.join(f'{name} int DEFAULT 7' for name in names)})")
    await capture(db)
    await db.execute("INSERT INTO t DEFAULT VALUES")
    await db.execute("UPDATE t SET c3 = 8")
    changes = await take(db)
    assert [change.columns for change in changes] == [",".join(names)] * 2
    assert changes[1].new == "(" + ",".join("8" if i == 3 else "7" for i in range(200)) + ")"


async def test_a_table_without_columns(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t ()")
    await capture(db)
    await db.execute("INSERT INTO t DEFAULT VALUES")
    assert await take(db) == [Captured("t", "I", "", None, "()")]


async def test_generated_columns_keep_their_places(pair: Pair) -> None:
    db = pair.main
    virtual = (
        ", w int GENERATED ALWAYS AS (a + 2) VIRTUAL" if db.get_server_version().major >= 18 else ", w int"
    )
    await db.execute(f"CREATE TABLE t (a int, s int GENERATED ALWAYS AS (a + 1) STORED{virtual}, b int)")
    await capture(db)
    await db.execute("INSERT INTO t (a, b) VALUES (1, 9)")
    await db.execute("UPDATE t SET a = 2")
    assert [(c.columns, c.old, c.new) for c in await take(db)] == [
        ("a,s,w,b", None, "(1,2,,9)"),
        ("a,s,w,b", "(1,2,,9)", "(2,3,,9)"),
    ]


async def test_rows_whose_text_postgresql_cannot_make(pair: Pair) -> None:
    """Takes some 3 GB of memory for a moment: the value is printed in twice its 600 MB, which is too much."""
    db = pair.main
    await db.execute("CREATE TABLE t (id int PRIMARY KEY, a bytea, b int)")
    await capture(db)
    await db.execute("INSERT INTO t SELECT 1, convert_to(repeat('x', 600000000), 'UTF8'), 0")
    await db.execute("UPDATE t SET b = 1")
    await db.execute("INSERT INTO t VALUES (2, 'y', 0)")
    await db.execute("UPDATE t SET b = 2")
    assert sorted((c.op, c.columns, c.old, c.new) for c in await take(db)) == [
        ("I", "id,a,b", None, '(2,"\\\\x79",0)'),
        ("K", "id", None, "(1)"),
        ("K", "id", None, "(1)"),
        ("K", "id", None, "(1)"),
        ("U", "id,a,b", '(2,"\\\\x79",0)', '(2,"\\\\x79",2)'),
    ]
