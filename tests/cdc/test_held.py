from __future__ import annotations

import pytest

from cdc.model import Side
from cdc.prune import prune
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import Synced, synced

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE TABLE other (id int PRIMARY KEY, n int);
INSERT INTO t SELECT i, i FROM generate_series(1, 30) i;
"""
ADD, DROP = "ALTER TABLE t ADD m int", "ALTER TABLE t DROP m"


def is_held(both: Synced) -> bool:
    return both.engine.links[Side.MAIN].held == {"t"}


async def test_a_restart_changes_nothing(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await pair.main.execute(f"{ADD}; UPDATE t SET m = 1 WHERE id < 5")
        await both.settle()
        assert is_held(both)
        await pair.main.execute("UPDATE t SET m = 2 WHERE id < 9; INSERT INTO other VALUES (1, 1)")
        await both.reopen()
        assert is_held(both)
        await both.settle()
        await both.assert_equal("other")
        await pair.backup.execute(ADD)
        await both.reopen()
        await both.settle()
        assert not is_held(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_what_it_still_needs_is_not_pruned(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await pair.main.execute(f"{ADD}; UPDATE t SET m = 1 WHERE id < 5")
        await both.settle()
        await pair.main.execute("INSERT INTO other VALUES (1, 1)")
        await both.settle()
        await prune(pair.main, pair.backup, Side.MAIN, kept_s=0)
        assert await both.captured(Side.MAIN) >= 4
        await pair.backup.execute(ADD)
        await both.settle()
        await both.assert_equal("t")
        for more in range(100):
            # Whatever runs on the same server holds a position back for the moment.
            await pair.main.execute("INSERT INTO other VALUES ($1, 1)", 100 + more)
            await both.settle()
            await prune(pair.main, pair.backup, Side.MAIN, kept_s=0)
            if await both.captured(Side.MAIN) == 1:
                break
        assert await both.captured(Side.MAIN) == 1  # the last change stays as a witness


async def test_held_inside_a_window_that_is_applied_in_pages(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=Options(batch_rows=10)) as both:
        await pair.main.execute(ADD)
        old = await pair.connect(Side.MAIN)
        await old.execute("BEGIN; UPDATE t SET n = -1 WHERE id = 30")
        async with pair.main.transaction():
            await pair.main.execute("UPDATE t SET n = n + 100 WHERE id < 15")
            await pair.main.execute("INSERT INTO other SELECT i, i FROM generate_series(1, 15) i")
            await pair.main.execute("UPDATE t SET m = 1 WHERE id BETWEEN 15 AND 29")
        while not is_held(both):
            assert (await both.engine.step(Side.MAIN)).more
        # This one has lower numbers than the page at which the table was held, and is committed only now.
        await old.execute("COMMIT")
        await pair.main.execute("UPDATE t SET n = 0 WHERE id = 1")
        await both.settle()
        assert is_held(both)
        await both.assert_equal("other")
        await pair.backup.execute(ADD)
        await pair.main.execute("UPDATE t SET n = n + 1 WHERE id > 20")
        await both.settle()
        assert not is_held(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("rows", [3, 25])
async def test_a_row_that_cannot_be_written_stops_neither_the_table_nor_the_link(
    pair: Pair, rows: int
) -> None:
    async with synced(pair, SCHEMA, options=Options(batch_rows=10)) as both:
        await pair.main.execute(f"{ADD}; UPDATE t SET m = id WHERE id <= {rows}")
        await both.settle()
        await pair.backup.execute("ALTER TABLE t ADD m int CHECK (m <> 2)")
        await pair.main.execute("INSERT INTO other VALUES (1, 1)")
        await both.settle()
        assert not is_held(both)
        await both.assert_equal("other")
        assert {one.entity_id for one in await both.open_conflicts()} == {"2"}
        assert await pair.backup.fetchval("SELECT count(*) FROM t WHERE m = id") == rows - 1


async def test_dropped_at_the_source_it_waits_no_longer(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await pair.main.execute(f"{ADD}; UPDATE t SET m = 1, n = 5 WHERE id < 5")
        await both.settle()
        assert is_held(both)
        await pair.main.execute(DROP)
        await both.settle()
        assert not is_held(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()
