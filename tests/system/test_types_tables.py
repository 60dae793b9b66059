"""Tables of every make: names, widths, keys, columns that the server fills in, and what ALTER leaves behind."""

from __future__ import annotations

import pytest

from cdc.decision import Decision
from cdc.images import join_key
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced
from triggers.identifiers import identifier, qualified


async def both_ways(both: Synced, table: str, insert: str, update: str) -> None:
    """Insert and update on each side, then delete everything on BACKUP; both sides are equal at every step.

    `insert` and `update` have a place {i} for a number, and there are numbers 1 to 4.
    """
    for side in Side:
        for i in (1, 2) if side is Side.MAIN else (3, 4):
            await both.connection(side).execute(insert.replace("{i}", str(i)))
    await both.settle()
    assert len(await both.rows(Side.MAIN, table)) == 4
    await both.assert_equal(table)
    before = await both.rows(Side.MAIN, table)
    for side in Side:
        for i in (3, 4) if side is Side.MAIN else (1, 2):
            await both.connection(side).execute(update.replace("{i}", str(i)))
    await both.settle()
    await both.assert_equal(table)
    assert not set(before) & set(await both.rows(Side.MAIN, table))
    await both.backup.execute(f"DELETE FROM {table}")
    await both.settle()
    assert await both.rows(Side.MAIN, table) == []
    await both.assert_no_conflicts()


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_composite_columns_named_like_our_aliases(pair: Pair, batch_rows: int) -> None:
    aliases = [*"nbxelpsrcotvu", "k0", "net", "image", "event", "new_rows", "old_rows"]
    fields = ", ".join(
        f"{name} text" for name in ("f0", "k0", "id", "after", "before", "origin", "entity_id", "n")
    )
    columns = ", ".join(f"{identifier(name)} image" for name in aliases)
    row = "ROW('{i}', 'b', 'c', 'd', 'e', 'f', 'g', 'h')::public.image"
    schema = f"CREATE TYPE image AS ({fields}); CREATE TABLE aliases (id int PRIMARY KEY, {columns})"
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        insert = f"INSERT INTO aliases VALUES ({{i}}, {', '.join(row for _ in aliases)})"
        new = '"n" = \'({i},,,,,,,)\'::public.image, "t" = NULL, "k0" = NULL'
        update = f"UPDATE aliases SET {new} WHERE id = {{i}}"
        await both_ways(both, "aliases", insert, update)


@pytest.mark.parametrize(
    "name",
    [
        "Ünïcödé 表 ☃",
        "all \"quoted\" \\ 'names'",
        "a.b,c%2C{d}$1",
        "new_rows",
        "old_rows",
        "cdc_stage",
        "changelog",
        "user",
        " ",
    ],
)
async def test_names_of_schemas_tables_and_columns(pair: Pair, name: str) -> None:
    schema = name.strip() or "_"
    table, column, key = (
        qualified(schema, name),
        identifier(name),
        identifier(name[::-1] if len(name) < 20 else "id"),
    )
    if key == column:
        key = identifier("id")
    setup = (
        f"CREATE SCHEMA {identifier(schema)}; CREATE TABLE {table} ({key} text PRIMARY KEY, {column} text)"
    )
    async with synced(pair, setup, schemas=("public", schema)) as both:
        await both_ways(
            both,
            table,
            f"INSERT INTO {table} VALUES ('a,%{{i}}', 'v{{i}}')",
            f"UPDATE {table} SET {column} = 'w' || {key} WHERE {key} = 'a,%{{i}}'",
        )
        await both.main.execute(f"INSERT INTO {table} VALUES ('k', 'main')")
        await both.backup.execute(f"INSERT INTO {table} VALUES ('k', 'backup')")
        await both.settle()
        assert {each.entity for each in await both.open_conflicts()} == {f"{schema}.{name}"}


def longest(start: str) -> tuple[str, str]:
    """Two names as long as PostgreSQL's may be, of which only the last byte differs."""
    start += "x" * (61 - len(start.encode()))
    return f"{start}é", f"{start}è"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


SCHEMAS, TABLES, TYPES = longest("Schemä "), longest("T☃ "), longest("表 ")
LABELS, KEYS, COLUMNS = longest("'L', "), longest("id "), longest("v")
LONG = [qualified(schema, table) for schema in SCHEMAS for table in TABLES]


def long_schema() -> str:
    """In each schema two types and two tables, each of which has two columns as its key, and one of each type."""
    names = [*SCHEMAS, *TABLES, *TYPES, *LABELS, *KEYS, *COLUMNS]
    assert {(len(name.encode()), name.encode()[:-1] + b"\xa9") for name in names} == {
        (63, name.encode()) for name in names[::2]
    }
    sql = ""
    for schema in SCHEMAS:
        one, other = (qualified(schema, name) for name in TYPES)
        labels = ", ".join(map(quoted, LABELS))
        k0, k1, c0, c1 = map(identifier, (*KEYS, *COLUMNS))
        sql += f"CREATE SCHEMA {identifier(schema)};"
        sql += f"CREATE TYPE {one} AS ENUM ({labels}); CREATE TYPE {other} AS ENUM ({labels});"
        for table in (qualified(schema, name) for name in TABLES):
            sql += f"CREATE TABLE {table} ({k0} text, {k1} {one}, {c0} {one}, {c1} {other});"
            sql += f"ALTER TABLE {table} ADD PRIMARY KEY ({k0}, {k1});"
    return sql


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_the_longest_names_there_are(pair: Pair, batch_rows: int) -> None:
    """Of schemas, tables, keys, columns, types and labels: cut by a byte, each would be another's."""
    one, other = map(quoted, LABELS)
    schemas, options = ("public", *SCHEMAS), Options(batch_rows=batch_rows)
    async with synced(pair, long_schema(), schemas=schemas, options=options) as both:
        for table in LONG:
            update = f"UPDATE {table} SET {identifier(COLUMNS[0])} = {other}"
            insert = f"INSERT INTO {table} VALUES ('k{{i}}', {one}, {one}, {other})"
            await both_ways(both, table, insert, f"{update} WHERE {identifier(KEYS[0])} = 'k{{i}}'")
        for table in LONG:
            await both.main.execute(f"INSERT INTO {table} VALUES ('k', {other}, {one}, {one})")
            await both.backup.execute(f"INSERT INTO {table} VALUES ('k', {other}, {other}, {other})")
        await both.settle()
        found = await both.open_conflicts(Side.MAIN)
        assert {each.entity for each in found} == {
            f"{schema}.{table}" for schema in SCHEMAS for table in TABLES
        }
        merged = dict(zip(COLUMNS, LABELS, strict=True))
        async with Resolver(*endpoints(pair, schemas)) as resolver:
            for each in found:
                assert each.entity_id == join_key(["k", LABELS[1]])
                assert each.current == {KEYS[0]: "k", KEYS[1]: LABELS[1], **dict.fromkeys(COLUMNS, LABELS[0])}
                await resolver.resolve(
                    Decision(each.entity, each.entity_id, Resolution.MERGE, by="me", values=merged)
                )
        await both.settle()
        await both.assert_no_conflicts()
        for table in LONG:
            columns = ", ".join(map(identifier, COLUMNS))
            row = await both.main.fetchval(f"SELECT ({columns}) = ({one}, {other}) FROM {table}")
            assert row is True
            await both.assert_equal(table)


async def test_two_hundred_columns(pair: Pair) -> None:
    types = ["int", "text", "numeric", "timestamptz", "jsonb", "int[]", "bool", "bytea"]
    values = [
        "{i}",
        "'t{i}'",
        "{i}.50",
        "to_timestamp({i})",
        "'{\"a\": {i}}'",
        "'{{i},NULL}'",
        "true",
        "'\\x00'",
    ]
    columns = [f"c{n} {types[n % 8]}" for n in range(200)]
    row = ", ".join(values[n % 8] for n in range(200))
    async with synced(pair, f"CREATE TABLE wide (id int PRIMARY KEY, {', '.join(columns)})") as both:
        await both_ways(
            both,
            "wide",
            f"INSERT INTO wide VALUES ({{i}}, {row})",
            "UPDATE wide SET c199 = NULL, c1 = '', c100 = NULL, c2 = 0 WHERE id = {i}",
        )


ALWAYS = "id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
DOUBLE = "GENERATED ALWAYS AS (id * 2) STORED"
OWN_ID = "OVERRIDING SYSTEM VALUE VALUES"


@pytest.mark.parametrize(
    ("columns", "insert", "update"),
    [
        ("id int PRIMARY KEY", "VALUES ({i})", "id = id + 10"),
        (ALWAYS, f"{OWN_ID} ({{i}})", "id = DEFAULT"),
        (f"{ALWAYS}, v text", f"{OWN_ID} ({{i}}, 'a')", "v = 'b'"),
        (f"{ALWAYS}, v text", f"{OWN_ID} ({{i}}, 'a')", "id = DEFAULT, v = 'b'"),
        ("id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, v text", "VALUES ({i}, 'a')", "v = 'b'"),
        (f"id int PRIMARY KEY, v text, g int {DOUBLE}", "(id, v) VALUES ({i}, 'a')", "v = v || id"),
        (f"id int, v int, g int {DOUBLE} PRIMARY KEY", "(id, v) VALUES ({i}, 1)", "v = 2"),
        (f"id int, v int, g int {DOUBLE} PRIMARY KEY", "(id, v) VALUES ({i}, 1)", "id = id + 10"),
        ("id int, v int, PRIMARY KEY (id) DEFERRABLE", "VALUES ({i}, 1)", "v = 2"),
        ("id int, v int, PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED", "VALUES ({i}, 1)", "id = id + 10"),
        ("id int PRIMARY KEY, v int UNIQUE DEFERRABLE", "VALUES ({i}, {i})", "v = v + 10"),
        (
            "id int PRIMARY KEY, v int, EXCLUDE USING btree (v WITH =) DEFERRABLE",
            "VALUES ({i}, {i})",
            "v = v + 10",
        ),
        ("id int PRIMARY KEY, v int, EXCLUDE USING btree (v WITH =)", "VALUES ({i}, {i})", "v = v + 10"),
        ("id int NOT NULL, v text, w int, UNIQUE (id) INCLUDE (v)", "VALUES ({i}, 'a', 1)", "v = 'b'"),
        ("b text, id int, v int, PRIMARY KEY (b, id)", "VALUES (',%', {i}, 1)", "v = NULL"),
        ("id int PRIMARY KEY, v int, w text, x bool", "VALUES ({i}, NULL, NULL, NULL)", "v = 1, x = false"),
        ("id int, v text", "VALUES ({i}, 'x')", "v = v || '!'"),
    ],
)
async def test_keys_and_columns_the_server_fills_in(
    pair: Pair, columns: str, insert: str, update: str
) -> None:
    async with synced(pair, f"CREATE TABLE t ({columns})") as both:
        if "DEFAULT" in update:
            await both.backup.execute("SELECT setval(pg_get_serial_sequence('t', 'id'), 100)")
        await both_ways(both, "t", f"INSERT INTO t {insert}", f"UPDATE t SET {update} WHERE id = {{i}}")


async def test_virtual_generated_columns(pair: Pair) -> None:
    if pair.main.get_server_version().major < 18:
        pytest.skip("PostgreSQL 18 and newer")
    schema = "CREATE TABLE t (id int PRIMARY KEY, v int, g int GENERATED ALWAYS AS (v * 2) VIRTUAL)"
    async with synced(pair, schema) as both:
        await both_ways(
            both, "t", "INSERT INTO t (id, v) VALUES ({i}, {i})", "UPDATE t SET v = v + 1 WHERE id = {i}"
        )
        await both.main.execute("INSERT INTO t (id, v) VALUES (1, 1)")
        await both.backup.execute("INSERT INTO t (id, v) VALUES (1, 2)")
        await both.settle()
        (entry, *_) = await both.open_conflicts(Side.BACKUP)
        assert entry.current is not None
        assert entry.current["g"] == "4"


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_duplicate_rows_without_a_key(pair: Pair, batch_rows: int) -> None:
    schema = "CREATE TABLE bag (a float8, b text, j json)"
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        await both.main.execute("""INSERT INTO bag SELECT '-0', NULL, '{ }' FROM generate_series(1, 5)""")
        await both.backup.execute("""INSERT INTO bag SELECT '-0', NULL, '{ }' FROM generate_series(1, 3)""")
        await both.settle()
        assert len(await both.rows(Side.MAIN, "bag")) == 8
        await both.main.execute("DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag LIMIT 2)")
        await both.backup.execute("UPDATE bag SET a = 'NaN' WHERE ctid IN (SELECT ctid FROM bag LIMIT 3)")
        await both.settle()
        await both.assert_equal("bag")
        assert await both.rows(Side.MAIN, "bag") == ['(-0,,"{ }")'] * 3 + ['(NaN,,"{ }")'] * 3
        await both.assert_no_conflicts()


SLICE = "(ARRAY[NULL, 1, 2])[2:3]"
"""Keeps the room for its nulls, of which it has none: bytes that no text is read as."""


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_values_whose_bytes_no_text_gives(pair: Pair, batch_rows: int) -> None:
    """As rows without a key, as a key, and beside one; and what a TRUNCATE leaves of them."""
    schema = "CREATE TABLE bag (a int[]); CREATE TABLE keyed (a int[] PRIMARY KEY, v int[])"
    three = f"INSERT INTO bag SELECT {SLICE} FROM generate_series(1, 3)"
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        for side, key in ((Side.MAIN, SLICE), (Side.BACKUP, SLICE.replace("1", "0"))):
            await both.connection(side).execute(f"{three}; INSERT INTO keyed VALUES ({key}, {SLICE})")
        await both.settle()
        odd = "SELECT count(*) FROM bag b WHERE NOT b *= ROW('{1,2}'::int[])::bag AND a = '{1,2}'"
        assert [await both.connection(side).fetchval(odd) for side in Side] == [3, 3]
        assert await both.rows(Side.MAIN, "bag") == ['("{1,2}")'] * 6
        # Of the copies that the other side printed, and of the own ones.
        await both.main.execute("DELETE FROM bag WHERE ctid IN (SELECT ctid FROM bag LIMIT 4)")
        await both.settle()
        some = "WHERE ctid = (SELECT ctid FROM bag LIMIT 1)"
        await both.backup.execute(f"UPDATE bag SET a = (a || NULL)[1:2] || 9 {some}")
        await both.main.execute(f"UPDATE keyed SET v = (NULL || v || 3)[2:]; UPDATE keyed SET v = {SLICE}")
        await both.settle()
        await both.backup.execute("UPDATE keyed SET v = (NULL || v)[3:] WHERE a[1] = 0")
        await both.settle()
        await both.assert_equal("bag", "keyed")
        await both.assert_no_conflicts()
        await both.backup.execute(f"{three}; INSERT INTO keyed VALUES ({SLICE.replace('1', '7')}, {SLICE})")
        await both.main.execute("TRUNCATE bag, keyed")
        await both.settle()
        await both.assert_equal("bag", "keyed")
        await both.assert_no_conflicts()
        assert await both.rows(Side.MAIN, "bag") == ['("{1,2}")'] * 3
        assert await both.rows(Side.MAIN, "keyed") == ['("{7,2}","{1,2}")']


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_holes_left_by_dropped_columns(pair: Pair, batch_rows: int) -> None:
    schema = (
        "CREATE TABLE t (gone int, id int PRIMARY KEY, gone_too text, v text, last text);"
        "INSERT INTO t VALUES (1, 9, 'x', 'y', 'z');"
        "ALTER TABLE t DROP gone, DROP gone_too, ADD late int DEFAULT 5, DROP last, ADD last int;"
        "DELETE FROM t WHERE false"
    )
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        for each in (
            "UPDATE t SET v = 'w' WHERE id = 9",
            "UPDATE t SET last = 3 WHERE id = 9",
            "DELETE FROM t",
        ):
            await both.main.execute(each)
            await both.settle()
            await both.assert_equal("t")
        await both_ways(
            both,
            "t",
            "INSERT INTO t VALUES ({i}, 'v', 1, 2)",
            "UPDATE t SET late = NULL, last = id WHERE id = {i}",
        )


async def test_a_table_without_columns_waits_for_some(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE nothing (); CREATE TABLE t (id int PRIMARY KEY)") as both:
        await both.main.execute("INSERT INTO nothing DEFAULT VALUES; INSERT INTO t VALUES (1)")
        await both.settle()
        await both.assert_equal("t")
        reason = await both.backup.fetchval("SELECT reason FROM cdc.position WHERE entity = 'nothing'")
        assert "there is no column" in reason


async def test_foreign_keys_of_periods(pair: Pair) -> None:
    """Parents have to cover the whole of a child's period, which several do together."""
    if pair.main.get_server_version().major < 18:
        pytest.skip("there are no periods before PostgreSQL 18")
    schema = """
        CREATE TABLE price (item int4range, valid daterange, v int, PRIMARY KEY (item, valid WITHOUT OVERLAPS));
        CREATE TABLE offer (id int PRIMARY KEY, item int4range, valid daterange,
                            FOREIGN KEY (item, PERIOD valid) REFERENCES price (item, PERIOD valid));
        INSERT INTO price SELECT int4range(i, i + 1), daterange(make_date(year, 1, 1), make_date(year + 1, 1, 1))
        FROM generate_series(1, 3) i, generate_series(2020, 2021) year;
        INSERT INTO offer VALUES (2, '[2,3)', '[2020-06-01,2021-06-01)');
    """
    async with synced(pair, schema) as both:
        await both.main.execute("DELETE FROM price WHERE item = '[1,2)' AND valid @> '2021-03-01'::date")
        await both.backup.execute("INSERT INTO offer VALUES (1, '[1,2)', '[2020-06-01,2021-06-01)')")
        await both.main.execute(
            "UPDATE price SET v = 1; INSERT INTO offer VALUES (3, '[3,4)', '[2020-06-01,2021-06-01)');"
            "DELETE FROM offer WHERE id = 2; DELETE FROM price WHERE item = '[2,3)' AND valid @> '2021-03-01'::date"
        )
        await both.settle()
        conflicts = {(each.side, each.entity, each.type) for each in await both.open_conflicts()}
        assert conflicts == {
            (Side.MAIN, "offer", "FOREIGN_KEY_VIOLATION"),
            (Side.BACKUP, "price", "FOREIGN_KEY_VIOLATION"),
        }
        uncovered = (
            "SELECT id FROM offer o WHERE (SELECT range_agg(p.valid) @> o.valid FROM price p"
            " WHERE p.item = o.item AND p.valid && o.valid) IS NOT TRUE"
        )
        for side in Side:
            assert await both.connection(side).fetch(uncovered) == []
        await both.backup.execute("DELETE FROM offer WHERE id = 1")
        for side in Side:
            await both.connection(side).execute(
                "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
            )
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("price", "offer")


@pytest.mark.parametrize("day", [0, 15])
async def test_one_of_a_periods_parents_is_being_deleted(pair: Pair, day: int) -> None:
    if pair.main.get_server_version().major < 18:
        pytest.skip("there are no periods before PostgreSQL 18")
    schema = """
        CREATE TABLE price (item int4range, valid int4range, PRIMARY KEY (item, valid WITHOUT OVERLAPS));
        CREATE TABLE offer (id int PRIMARY KEY, item int4range, valid int4range,
                            FOREIGN KEY (item, PERIOD valid) REFERENCES price (item, PERIOD valid));
        INSERT INTO price VALUES ('[1,2)', '[0,10)'), ('[1,2)', '[10,20)');
    """
    async with synced(pair, schema) as both:
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            await other.execute("DELETE FROM price WHERE valid @> $1::int", day)
            await both.main.execute("INSERT INTO offer VALUES (1, '[1,2)', '[5,15)')")
            await both.engine.step(Side.MAIN)
        await both.settle()
        assert await both.rows(Side.BACKUP, "offer") == []
        assert {(each.entity, each.type) for each in await both.open_conflicts()} == {
            ("offer", "FOREIGN_KEY_VIOLATION"),
            ("price", "FOREIGN_KEY_VIOLATION"),
        }


async def test_truncated_parents_of_periods(pair: Pair) -> None:
    """Of the parents that a child needs together, those stay that its side had and the other truncated."""
    if pair.main.get_server_version().major < 18:
        pytest.skip("there are no periods before PostgreSQL 18")
    schema = """
        CREATE TABLE price (item int4range, valid int4range, PRIMARY KEY (item, valid WITHOUT OVERLAPS));
        CREATE TABLE offer (id int PRIMARY KEY, item int4range, valid int4range,
                            FOREIGN KEY (item, PERIOD valid) REFERENCES price (item, PERIOD valid));
        INSERT INTO price VALUES ('[1,2)', '[0,10)'), ('[2,3)', '[0,10)');
        INSERT INTO offer VALUES (2, '[2,3)', '[0,10)');
    """
    async with synced(pair, schema) as both:
        await both.backup.execute(
            "INSERT INTO price VALUES ('[1,2)', '[10,20)'); INSERT INTO offer VALUES (1, '[1,2)', '[5,15)')"
        )
        await both.main.execute("TRUNCATE price, offer")
        await both.settle()
        assert await both.rows(Side.BACKUP, "price") == ['("[1,2)","[0,10)")', '("[1,2)","[10,20)")']
        await both.backup.execute("DELETE FROM offer")
        for side in Side:
            await both.connection(side).execute(
                "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
            )
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("price", "offer")
