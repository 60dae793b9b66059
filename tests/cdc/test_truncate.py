from __future__ import annotations

import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.live import equal, running
from tests.synced import Synced, synced

SCHEMA = """
CREATE TABLE parent (id serial PRIMARY KEY, v text);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent);
CREATE TABLE bag (v text);
INSERT INTO parent (v) SELECT 'x' FROM generate_series(1, 50);
INSERT INTO child SELECT i, i FROM generate_series(1, 50) i;
INSERT INTO bag SELECT 'x' FROM generate_series(1, 50) i;
"""
TREE = """
CREATE TABLE root (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE low PARTITION OF root FOR VALUES FROM (0) TO (100);
CREATE TABLE high PARTITION OF root FOR VALUES FROM (100) TO (200);
INSERT INTO root SELECT i * 10, 'x' FROM generate_series(1, 19) i;
"""


async def assert_empty(both: Synced, *tables: str) -> None:
    for table in tables:
        for side in Side:
            assert await both.rows(side, table) == [], f"{table} on {side}"


@pytest.mark.parametrize("source", list(Side))
async def test_with_everything_that_hangs_on_it(pair: Pair, source: Side) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.connection(source).execute("TRUNCATE parent RESTART IDENTITY CASCADE; TRUNCATE bag")
        await both.settle()
        await assert_empty(both, "parent", "child", "bag")
        await both.assert_no_conflicts()
        # A sequence that began anew gives keys again that are gone on both sides.
        await both.connection(source).execute("INSERT INTO parent (v) VALUES ('again')")
        await both.settle()
        await both.assert_equal("parent")
        assert len(await both.rows(source.other, "parent")) == 1


async def test_what_the_source_had_not_seen_stays(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await pair.backup.execute(
            "INSERT INTO parent VALUES (900, 'unseen'); UPDATE parent SET v = 'too' WHERE id = 1"
        )
        await pair.main.execute("TRUNCATE parent CASCADE")
        await both.settle()
        kept = {row.strip("()").split(",")[0] for row in await both.rows(Side.BACKUP, "parent")}
        assert kept == {"1", "900"}
        here, there = [set(await both.rows(side, "parent")) for side in Side]
        differing = {row.strip("()").split(",")[0] for row in here ^ there}
        assert differing == {one.entity_id for one in await both.open_conflicts() if one.entity == "parent"}


async def test_a_row_that_somebody_holds_goes_when_it_is_let_go(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both, running(both):
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute("BEGIN; SELECT FROM child WHERE id = 7 FOR UPDATE")
        await pair.main.execute("TRUNCATE child; INSERT INTO parent (v) VALUES ('after')")
        await equal(both, "parent")
        assert await both.rows(Side.BACKUP, "child") == ["(7,7)"]
        await sitter.execute("ROLLBACK")
        await equal(both, "child")
        await both.assert_no_conflicts()


async def test_one_partition(pair: Pair) -> None:
    async with synced(pair, TREE) as both:
        await pair.main.execute(
            "UPDATE root SET v = 'y' WHERE id < 50; TRUNCATE low; INSERT INTO root VALUES (5, 'new')"
        )
        await both.settle()
        await both.assert_equal("root")
        assert len(await both.rows(Side.BACKUP, "root")) == 11
        await pair.backup.execute("TRUNCATE root")
        await both.settle()
        await assert_empty(both, "root")
        await both.assert_no_conflicts()


async def test_of_a_table_that_has_been_altered(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.settle()
        await pair.main.execute("ALTER TABLE parent ADD m int; UPDATE parent SET m = 1 WHERE id = 1")
        await both.settle()
        assert both.engine.links[Side.MAIN].held == {"parent"}
        await pair.main.execute("TRUNCATE parent CASCADE; INSERT INTO parent VALUES (60, 'late', 5)")
        await both.settle()
        await pair.backup.execute("ALTER TABLE parent ADD m int")
        await both.settle()
        assert not both.engine.links[Side.MAIN].held
        await assert_empty(both, "child")
        await both.assert_equal("parent")
        await both.assert_no_conflicts()
