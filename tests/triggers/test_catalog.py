from __future__ import annotations

import pytest

from tests.databases import Pair
from tests.hosts import Connection
from tests.triggers.changes import capture
from triggers.catalog import Catalog, fingerprint, read_catalog
from triggers.locks import transaction


async def look(db: Connection, *schemas: str) -> Catalog:
    async with transaction(db):
        return await read_catalog(db, schemas or ("public",))


@pytest.mark.parametrize(
    ("definition", "key"),
    [
        ("(a int, b int, PRIMARY KEY (b, a))", ("b", "a")),
        ("(a int UNIQUE NOT NULL)", ("a",)),
        ("(a int UNIQUE)", ()),
        ("(a int NOT NULL, b int NOT NULL, UNIQUE (a, b), UNIQUE (b))", ("b",)),
        ("(a int UNIQUE NOT NULL, b int, UNIQUE (a) INCLUDE (b))", ("a",)),
        (
            "(a int NOT NULL UNIQUE DEFERRABLE, z1 int NOT NULL, z2 int NOT NULL, UNIQUE (z1, z2))",
            ("z1", "z2"),
        ),
        ("(a int)", ()),
        ("(a int NOT NULL); CREATE UNIQUE INDEX ON t (a) WHERE a > 0", ()),
        ("(a int NOT NULL); CREATE UNIQUE INDEX ON t ((a + 1))", ()),
        ("(a int NOT NULL, EXCLUDE USING btree (a WITH =))", ()),
    ],
)
async def test_the_key(pair: Pair, definition: str, key: tuple[str, ...]) -> None:
    await pair.main.execute(f"CREATE TABLE t {definition}")
    (relation,) = (await look(pair.main)).relations
    assert relation.key_columns == key


async def test_only_tables_and_only_the_wanted_schemas(pair: Pair) -> None:
    await pair.main.execute(
        "CREATE SCHEMA s; CREATE SCHEMA other; CREATE TABLE s.a (); CREATE TABLE other.b ();"
        " CREATE VIEW s.v AS SELECT 1;"
        "CREATE MATERIALIZED VIEW s.m AS SELECT 1; CREATE TEMP TABLE tmp (); CREATE TYPE s.c AS (x int);"
        "CREATE TABLE s.r (id int) PARTITION BY LIST (id); CREATE TABLE other.p PARTITION OF s.r DEFAULT;"
        "CREATE TABLE other.q (id int) PARTITION BY LIST (id); CREATE TABLE s.o PARTITION OF other.q DEFAULT"
    )
    catalog = await look(pair.main, "s", "missing")
    roots = {each.full_name: each.root for each in catalog.relations}
    relids = {each.full_name: each.relid for each in catalog.relations}
    assert roots == {"s.a": relids["s.a"], "s.r": relids["s.r"], "other.p": relids["s.r"], "s.o": None}


async def test_a_hostile_search_path_does_not_reach_us(pair: Pair) -> None:
    await pair.main.execute(
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE public.pg_class (oid int);"
        " SET search_path = public, pg_catalog"
    )
    catalog = await look(pair.main)
    assert {each.entity for each in catalog.relations} == {"t", "pg_class"}


async def test_the_fingerprint(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id int, v int); CREATE SCHEMA other")
    await capture(db)
    known = {await fingerprint(db, ["public"])}
    for change in (
        "CREATE TABLE u (id int)",
        "ALTER TABLE u RENAME TO w",
        "ALTER TABLE t ADD COLUMN w int",
        "ALTER TABLE t ALTER v TYPE bigint",
        "ALTER TABLE t RENAME v TO x",
        "ALTER TABLE t ADD PRIMARY KEY (id)",
        "CREATE UNIQUE INDEX ON t (x)",
        "ALTER TABLE t DROP COLUMN w",
        "ALTER TABLE t DISABLE TRIGGER cdc_capture_insert",
        "DROP TRIGGER cdc_capture_insert ON t",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE w ADD FOREIGN KEY (id) REFERENCES t",
        "CREATE TABLE p (id int) PARTITION BY LIST (id)",
        "CREATE TABLE other.p1 PARTITION OF p DEFAULT",
        "DROP TABLE w",
    ):
        await db.execute(change)
        now = await fingerprint(db, ["public"])
        assert now not in known, change
        known.add(now)
    await db.execute("INSERT INTO t (id) SELECT generate_series(1, 1000); ANALYZE t; CREATE TABLE other.t ()")
    await db.execute("VACUUM t")
    assert await fingerprint(db, ["public"]) == now
