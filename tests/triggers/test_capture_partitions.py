from __future__ import annotations

import pytest

from tests.databases import Pair
from tests.triggers.changes import Captured, capture, limit_images, take

TREE = """
CREATE TABLE root (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE middle PARTITION OF root FOR VALUES IN ('a', 'b') PARTITION BY RANGE (id);
CREATE TABLE leaf_low (v text, region text NOT NULL, gone int, id int NOT NULL);
ALTER TABLE leaf_low DROP COLUMN gone;
ALTER TABLE middle ATTACH PARTITION leaf_low FOR VALUES FROM (0) TO (100);
CREATE TABLE leaf_high PARTITION OF middle FOR VALUES FROM (100) TO (200);
CREATE TABLE other PARTITION OF root DEFAULT;
"""


async def test_every_level_belongs_to_the_root(pair: Pair) -> None:
    db = pair.main
    await db.execute(TREE)
    report = await capture(db)
    assert [(t.entity, t.key_columns) for t in report.tables] == [("root", ("id", "region"))]
    await db.execute("INSERT INTO root VALUES (1, 'a', 'x'), (101, 'b', 'y'), (1, 'z', 'z')")
    await db.execute("INSERT INTO middle VALUES (2, 'a', 'm')")
    await db.execute("INSERT INTO leaf_low (id, region, v) VALUES (3, 'b', 'l')")
    await db.execute("UPDATE leaf_low SET v = 'll' WHERE id = 3")
    await db.execute("DELETE FROM middle WHERE id = 2")
    root = "id,region,v"
    assert await take(db) == [
        Captured("root", "I", root, None, "(1,a,x)"),
        Captured("root", "I", root, None, "(101,b,y)"),
        Captured("root", "I", root, None, "(1,z,z)"),
        Captured("root", "I", root, None, "(2,a,m)"),
        Captured("root", "I", "v,region,id", None, "(l,b,3)"),
        Captured("root", "U", "v,region,id", "(l,b,3)", "(ll,b,3)"),
        Captured("root", "D", root, "(2,a,m)", None),
    ]


async def test_rows_that_move_between_partitions(pair: Pair) -> None:
    db = pair.main
    await db.execute(TREE)
    await capture(db)
    ids = [*range(1, 50), *range(150, 200)]
    await db.execute("INSERT INTO root SELECT i, 'a', i FROM unnest($1::int[]) AS i", ids)
    await take(db)
    await db.execute("UPDATE root SET id = (id + 100) % 200, v = v || '!' WHERE id <> 10")
    moved = {(c.op, c.old, c.new) for c in await take(db)}
    assert moved == {("U", f"({i},a,{i})", f"({(i + 100) % 200},a,{i}!)") for i in ids if i != 10}
    await db.execute("UPDATE root SET region = 'q' WHERE id = 10")
    assert await take(db) == [Captured("root", "U", "id,region,v", "(10,a,10)", "(10,q,10)")]


async def test_truncate_says_which_partition(pair: Pair) -> None:
    db = pair.main
    await db.execute(TREE)
    await capture(db)
    await db.execute("TRUNCATE leaf_low")
    assert await take(db) == [Captured("root", "T", "public,leaf_low", None, None)]
    await db.execute("TRUNCATE middle")
    assert await take(db) == [Captured("root", "T", "public,middle", None, None)]
    await db.execute("TRUNCATE root; TRUNCATE other")
    assert await take(db) == [Captured("root", "T", None, None, None)]
    await db.execute("TRUNCATE leaf_low, root, leaf_high")
    assert [c.columns for c in await take(db)] == ["public,leaf_low", None]
    await db.execute("TRUNCATE root; INSERT INTO root VALUES (1, 'a', 'x'); TRUNCATE leaf_low")
    assert [(c.op, c.columns) for c in await take(db)] == [
        ("T", None),
        ("I", "id,region,v"),
        ("T", "public,leaf_low"),
    ]


async def test_new_attached_and_detached_partitions(pair: Pair) -> None:
    db = pair.main
    await db.execute(TREE)
    await capture(db)
    await db.execute("CREATE TABLE fresh PARTITION OF root FOR VALUES IN ('f')")
    await db.execute("CREATE TABLE joins (id int NOT NULL, region text NOT NULL, v text)")
    await db.execute("ALTER TABLE root DETACH PARTITION other")
    report = await capture(db)
    assert {t.entity: t.state for t in report.tables} == {
        "joins": "captured",
        "other": "captured",
        "root": "captured",
    }
    assert set(report.changed) == {"fresh", "joins", "other"}
    await db.execute("INSERT INTO fresh VALUES (1, 'f', NULL); INSERT INTO other VALUES (1, 'z', NULL)")
    await db.execute("INSERT INTO joins VALUES (1, 'j', NULL)")
    assert [c.table for c in await take(db)] == ["root", "other", "joins"]
    await db.execute("ALTER TABLE root ATTACH PARTITION joins FOR VALUES IN ('j')")
    assert (await capture(db)).changed == ("joins",)
    await db.execute("INSERT INTO joins VALUES (2, 'j', NULL)")
    assert [c.table for c in await take(db)] == ["root"]
    assert await db.fetchval("SELECT count(*) FROM cdc.captured_table WHERE table_name = 'joins'") == 0


async def test_a_root_with_a_foreign_partition_is_refused(pair: Pair) -> None:
    db = pair.main
    if not await db.fetchval(
        "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgres_fdw')"
    ):
        pytest.skip("this build has no postgres_fdw")
    await db.execute(
        "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;"
        "CREATE TABLE t (id int) PARTITION BY LIST (id);"
        " CREATE FOREIGN TABLE f PARTITION OF t FOR VALUES IN (1) SERVER s"
    )
    (table,) = (await capture(db)).tables
    assert table.state == "refused"
    assert "public.f is a foreign table" in table.notes[0]


async def test_classic_inheritance(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE child (v int) INHERITS (parent)")
    report = {t.entity: t for t in (await capture(db)).tables}
    assert report["parent"].state == "refused"
    assert "inherit" in report["parent"].notes[0]
    assert report["child"].state == "captured"
    assert any("changed through public.parent is not seen" in note for note in report["child"].notes)
    await db.execute("INSERT INTO child VALUES (1, 2); INSERT INTO parent VALUES (5)")
    assert [(c.table, c.new) for c in await take(db)] == [("child", "(1,2)")]


SUPPRESS = """
CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RETURN CASE WHEN NEW.id % 10 = 0 THEN NULL ELSE NEW END; END$$;
CREATE TRIGGER suppress BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION suppress();
"""


@pytest.mark.parametrize("count", [1, 2, 20, 33, 40, 1100])
async def test_rows_that_a_trigger_suppresses_as_they_move(pair: Pair, count: int) -> None:
    """Each of the others is paired with itself, by its key; one that moved has another."""
    db = pair.main
    await db.execute(TREE.replace("TO (200)", "TO (20000)") + SUPPRESS)
    await capture(db)
    ids = [*range(10, 10 + count)]
    await db.execute("INSERT INTO root SELECT i, 'a', i FROM unnest($1::int[]) AS i", ids)
    await take(db)
    await db.execute("UPDATE root SET region = CASE WHEN id % 5 = 0 THEN 'q' ELSE 'a' END, v = v || '!'")
    moved = [i for i in ids if i % 5 == 0]
    assert sorted((c.op, c.old or "", c.new or "") for c in await take(db)) == sorted(
        [("D", f"({i},a,{i})", "") for i in moved]
        + [("I", "", f"({i},q,{i}!)") for i in moved if i % 10]
        + [("U", f"({i},a,{i})", f"({i},a,{i}!)") for i in ids if i % 5]
    )


async def test_rows_that_a_trigger_suppresses_without_a_key(pair: Pair) -> None:
    db = pair.main
    await db.execute(TREE.replace(", PRIMARY KEY (id, region)", "") + SUPPRESS)
    await capture(db)
    await db.execute("INSERT INTO root VALUES (9, 'a', 'x'), (10, 'a', 'x'), (11, 'a', 'x')")
    await take(db)
    await db.execute("UPDATE root SET region = CASE WHEN id > 9 THEN 'q' ELSE 'a' END, v = 'y'")
    changes = [(c.op, c.old, c.new) for c in await take(db)]
    assert sorted(changes[:3]) == [("D", f"({i},a,x)", None) for i in (10, 11, 9)]
    assert sorted(changes[3:]) == [("I", None, "(11,q,y)"), ("I", None, "(9,a,y)")]


@pytest.mark.parametrize("large", [9, 10, 11])
async def test_rows_too_large_beside_one_that_is_suppressed(pair: Pair, large: int) -> None:
    db = pair.main
    await db.execute(TREE + SUPPRESS)
    await capture(db)
    await db.execute("INSERT INTO root VALUES (8, 'a', 'x'), (9, 'a', 'x'), (10, 'a', 'x'), (11, 'a', 'x')")
    await limit_images(db, 100)
    await db.execute("UPDATE root SET v = repeat('x', 120) WHERE id = $1", large)
    await take(db)
    await db.execute("UPDATE root SET region = CASE WHEN id > 9 THEN 'q' ELSE 'a' END, v = v || 'y'")
    found = sorted((c.op, (c.old or c.new or "").split(",x")[0]) for c in await take(db))
    assert found == sorted(
        [
            ("U", "(8,a"),
            ("K", "(9,a)") if large == 9 else ("U", "(9,a"),
            ("K", "(10,a)") if large == 10 else ("D", "(10,a"),
            *([("K", "(11,a)"), ("K", "(11,q)")] if large == 11 else [("D", "(11,a"), ("I", "(11,q")]),
        ]
    )
