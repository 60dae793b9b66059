"""Whether two tables hold the same rows, and where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from cdc.comparison import Comparison, Contact, compare
from cdc.contact_facts import Installer, Synced
from cdc.contact_state import opened
from cdc.errors import SchemaMismatch
from cdc.model import Entity
from cdc.position import Seen
from tests import shop
from tests.databases import Pair


async def compared(pair: Pair, *tables: tuple[str, Sequence[str]]) -> Comparison:
    main, backup = shop.endpoints(pair)
    synced = [Synced(Entity("public", name), tuple(key)) for name, key in tables]
    install = Installer(main, two_way=True)
    return await compare(Contact(main, backup, synced, install, lambda *_: None, two_way=True))


async def both(pair: Pair, *statements: str) -> None:
    for connection in (pair.main, pair.backup):
        for statement in statements:
            await connection.execute(statement)


def counts(found: Comparison, table: str) -> tuple[int, int, int]:
    one = found.differing[table]
    return one.main, one.backup, one.different


async def test_equal_rows_are_equal_in_any_order_of_rows_and_columns(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (id int PRIMARY KEY, a text, b float8, c timestamptz)")
    await pair.backup.execute("CREATE TABLE t (c timestamptz, b float8, id int PRIMARY KEY, a text)")
    await pair.main.execute("SET timezone = 'Asia/Tokyo'")
    rows = (
        "INSERT INTO t (id, a, b, c) SELECT i, 'x', i / 3.0, '2024-01-01 00:00Z' FROM generate_series(1, 9) i"
    )
    await pair.main.execute(rows)
    await pair.backup.execute(f"{rows} ORDER BY i DESC")
    found = await compared(pair, ("t", ["id"]))
    assert not found.differing
    assert found.rows == 9


async def test_differing_rows_are_counted_by_key(pair: Pair) -> None:
    await both(
        pair,
        'CREATE TABLE "T t" (a int, "b,c" text, v text, PRIMARY KEY (a, "b,c"))',
        "INSERT INTO \"T t\" SELECT i, 'k', 'v' FROM generate_series(1, 100) i",
    )
    await pair.main.execute('DELETE FROM "T t" WHERE a <= 7; UPDATE "T t" SET v = NULL WHERE a > 97')
    await pair.backup.execute('DELETE FROM "T t" WHERE a = 50')
    found = await compared(pair, ("T t", ["a", "b,c"]))
    assert counts(found, "T t") == (1, 7, 3)


async def test_rows_of_a_table_without_a_key_are_counted(pair: Pair) -> None:
    await both(pair, "CREATE TABLE t (a int, b text)", "INSERT INTO t VALUES (1, 'x'), (1, 'x'), (2, NULL)")
    assert not (await compared(pair, ("t", []))).differing
    await pair.main.execute("INSERT INTO t VALUES (1, 'x'), (3, 'y')")
    await pair.backup.execute("INSERT INTO t VALUES (2, NULL)")
    assert counts(await compared(pair, ("t", [])), "t") == (2, 1, 0)


async def test_columns_named_like_our_own_are_told_apart(pair: Pair) -> None:
    names = ["t", "d", "s", "h", "o", "k1", "hash", "kind", "x", "cdc_hash", "rows", "here", "other"]
    columns = ", ".join(f'"{name}" int' for name in names)
    values = ", ".join("1" for _ in names)
    await both(
        pair,
        f"CREATE TABLE t ({columns}, PRIMARY KEY (t, k1, hash, kind)); INSERT INTO t VALUES ({values})",
        f"CREATE TABLE d ({columns}); INSERT INTO d VALUES ({values})",
    )
    keyed, heap = ("t", ["t", "k1", "hash", "kind"]), ("d", [])
    assert not (await compared(pair, keyed, heap)).differing
    await pair.main.execute("UPDATE t SET cdc_hash = 2; UPDATE d SET cdc_hash = 2")
    found = await compared(pair, keyed, heap)
    assert counts(found, "t") == (0, 0, 1)
    assert counts(found, "d") == (1, 1, 0)


async def test_keys_that_are_equal_and_print_differently_are_one_row(pair: Pair) -> None:
    await both(pair, "CREATE TABLE t (n numeric PRIMARY KEY)")
    await pair.main.execute("INSERT INTO t VALUES (1.0)")
    await pair.backup.execute("INSERT INTO t VALUES (1.00)")
    assert counts(await compared(pair, ("t", ["n"])), "t") == (0, 0, 1)


async def test_generated_columns_are_not_compared(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id + 1) STORED)")
    await pair.backup.execute(
        "CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id + 2) STORED)"
    )
    await both(pair, "INSERT INTO t VALUES (1)")
    assert not (await compared(pair, ("t", ["id"]))).differing


async def test_both_positions_are_those_of_the_compared_rows(pair: Pair) -> None:
    await both(pair, "CREATE TABLE t (id int PRIMARY KEY)")
    before = int(await pair.main.fetchval("SELECT pg_current_xact_id()::text"))
    found = await compared(pair, ("t", ["id"]))
    after = int(await pair.main.fetchval("SELECT pg_current_xact_id()::text"))
    seen = Seen.parse(found.main_seen)
    assert seen.sees(before)
    assert not seen.sees(after)


async def test_a_key_that_only_one_side_has_is_named(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (id int PRIMARY KEY)")
    await pair.backup.execute("CREATE TABLE t (id int)")
    with pytest.raises(SchemaMismatch, match=r"t is not unique by \(id\) on both sides"):
        await compared(pair, ("t", ["id"]))


async def test_comparing_writes_nothing_and_keeps_nothing(pair: Pair) -> None:
    await both(pair, "CREATE TABLE t (id int PRIMARY KEY)")
    await pair.main.execute("INSERT INTO t VALUES (1)")
    await compared(pair, ("t", ["id"]))
    async with opened(shop.endpoints(pair)[1]) as backup:
        assert await backup.fetchval("SELECT count(*) FROM pg_class WHERE relname LIKE 'cdc%'") == 0
