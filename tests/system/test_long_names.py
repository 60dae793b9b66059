"""Records whose names are longer than an entry of a PostgreSQL index may be: each has an entry of its own."""

from __future__ import annotations

import pytest

from cdc.conflicts import list_conflicts
from cdc.model import Side
from tests.databases import Pair
from tests.synced import Synced, synced

TABLE = "a_table_whose_name_leaves_little_for_its_key"
KEY = "(SELECT left(string_agg(md5({seed}::text || p), ''), {size}) FROM generate_series(1, 200) p)"
"""A text that does not get shorter when it is compressed."""


def key(seed: int, size: int) -> str:
    return KEY.format(seed=seed, size=size)


async def _due(both: Synced) -> None:
    for _ in range(2):
        for side in Side:
            await both.connection(side).execute(
                "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
            )
        await both.settle()


@pytest.mark.parametrize("together", [False, True])
async def test_refused_rows_without_a_key_are_kept_each(pair: Pair, *, together: bool) -> None:
    """Such a row is named by its text."""
    async with synced(pair, "CREATE TABLE bag (v text, n int)") as both:
        await both.backup.execute("ALTER TABLE bag ADD CHECK (n < 0)")
        # One is equal to another.
        inserts = [f"INSERT INTO bag SELECT {key(seed, 6000)}, {seed}" for seed in (1, 2, 3, 3)]
        if together:
            await both.main.execute("; ".join(inserts))
        else:
            for insert in inserts:
                await both.main.execute(insert)
                await both.engine.step(Side.MAIN)
        await both.settle()
        found = await both.open_conflicts()
        assert sorted((each.incoming or {})["n"] or "" for each in found) == ["1", "2", "3", "3"]
        await both.backup.execute("ALTER TABLE bag DROP CONSTRAINT bag_n_check")
        await _due(both)
        await both.assert_no_conflicts()
        assert await both.backup.fetchval("SELECT count(*) FROM bag") == 4
        await both.assert_equal("bag")


async def test_refused_rows_with_the_longest_keys_are_kept_and_looked_at_again(pair: Pair) -> None:
    async with synced(pair, f"CREATE TABLE {TABLE} (k text PRIMARY KEY, n int)") as both:
        await both.backup.execute(f"ALTER TABLE {TABLE} ADD CHECK (n < 9)")
        await both.main.execute(f"INSERT INTO {TABLE} SELECT {key(1, 2680)}, 9")
        await both.main.execute(f"INSERT INTO {TABLE} VALUES ('short', 1)")
        await both.settle()
        assert [(len(each.entity_id), each.status) for each in await both.open_conflicts()] == [
            (2680, "OPEN")
        ]
        assert await both.backup.fetchval(f"SELECT count(*) FROM {TABLE}") == 1
        await both.main.execute(f"UPDATE {TABLE} SET n = 3 WHERE n = 9")
        await _due(both)
        await both.assert_no_conflicts()
        await both.assert_equal(TABLE)


async def test_a_key_of_parts_that_are_longer_as_a_name(pair: Pair) -> None:
    """A comma is encoded by three characters, and here there are no two alike to be compressed."""
    part = "(SELECT string_agg(chr(19968 + (p * p * 31) % 20000) || ',', '') FROM generate_series(1, 600) p)"
    async with synced(pair, "CREATE TABLE t (a text, b text, n int, PRIMARY KEY (a, b))") as both:
        await both.backup.execute("ALTER TABLE t ADD CHECK (n < 9)")
        await both.main.execute(f"INSERT INTO t SELECT {part}, 'b', 9")
        await both.settle()
        assert len((await both.open_conflicts())[0].entity_id.encode()) > 3000
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT t_n_check")
        await _due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("t")


async def test_both_sides_change_a_row_with_the_longest_key(pair: Pair) -> None:
    """Its key is noted to be compared on both sides."""
    schema = f"CREATE TABLE {TABLE} (k text PRIMARY KEY, n int); INSERT INTO {TABLE} SELECT {key(1, 2680)}, 0"
    async with synced(pair, schema) as both:
        await both.main.execute(f"UPDATE {TABLE} SET n = 1")
        await both.backup.execute(f"UPDATE {TABLE} SET n = 2")
        await both.settle()
        assert {len(each.entity_id) for each in await both.open_conflicts()} == {2680}
        await both.backup.execute(f"UPDATE {TABLE} SET n = 1")
        await both.settle()
        await both.assert_no_conflicts()


async def test_paging_through_names_that_begin_alike(pair: Pair) -> None:
    schema = 'CREATE TABLE t (k text COLLATE "C" PRIMARY KEY, n int)'
    async with synced(pair, schema) as both:
        names = [("ä" * length) + end for length in (150, 200, 300) for end in ("", "a", "ü", "\\")]
        for side, n in ((Side.MAIN, 1), (Side.BACKUP, 2)):
            await both.connection(side).execute(
                "INSERT INTO t SELECT k, $2 FROM unnest($1::text[]) k", names, n
            )
        await both.settle()
        seen: list[str] = []
        after = None
        while True:
            page, after = await list_conflicts(both.main, both.backup, limit=2, after=after)
            seen += [each.entity_id for each in page]
            if after is None:
                break
        assert seen == sorted(names, key=str.encode)
