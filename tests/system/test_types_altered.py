"""Types that are altered under the values they have, and values that are very large."""

from __future__ import annotations

import pytest

from cdc.decision import Decision
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import endpoints, synced

BATCHES = pytest.mark.parametrize("batch_rows", [1, 1000])
DOMAIN = """
CREATE DOMAIN amount AS numeric(8, 2);
CREATE TABLE t (id int PRIMARY KEY, v amount, vs amount[], note text);
INSERT INTO t SELECT i, -i, ARRAY[-i, NULL], 'old' FROM generate_series(1, 4) i;
ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;
"""


@BATCHES
async def test_values_that_a_domain_would_not_take_any_more(pair: Pair, batch_rows: int) -> None:
    """A check that is not valid for what is there: rows keep their old values while other columns change."""
    async with synced(pair, DOMAIN, options=Options(batch_rows=batch_rows)) as both:
        for side, row in ((Side.MAIN, 1), (Side.BACKUP, 2)):
            connection = both.connection(side)
            await connection.execute(f"UPDATE t SET note = 'new' WHERE id = {row}")
            await both.settle()
            await connection.execute(
                f"UPDATE t SET note = 'newer' WHERE id = {row}; UPDATE t SET v = 5 WHERE id = {row}"
            )
            await connection.execute(f"DELETE FROM t WHERE id = {row + 2}")
            await both.settle()
            await both.assert_equal("t")
            await both.assert_no_conflicts()
        assert await both.main.fetchval("SELECT array_agg(note ORDER BY id) FROM t") == ["newer", "newer"]


COMPOSITE = """
CREATE TYPE place AS (x int, y text);
CREATE TABLE t (id int PRIMARY KEY, v place, vs place[], note text);
INSERT INTO t SELECT i, ROW(i, 'old')::place, ARRAY[ROW(i, NULL)::place], 'old' FROM generate_series(1, 6) i;
"""


@BATCHES
async def test_composites_with_an_added_attribute(pair: Pair, batch_rows: int) -> None:
    """Rows from before hold fewer attributes than rows from afterwards, on either side."""
    async with synced(pair, COMPOSITE, options=Options(batch_rows=batch_rows)) as both:
        for side in Side:
            await both.connection(side).execute("ALTER TYPE place ADD ATTRIBUTE z numeric")
        for number, side in enumerate(Side):
            for written in (
                f"UPDATE t SET note = 'new' WHERE id = {1 + number}",
                f"UPDATE t SET v.z = 1.50 WHERE id = {1 + number}",
                f"UPDATE t SET vs = vs || ROW(1, '(,)', 3.000)::place WHERE id = {3 + number}",
                f"DELETE FROM t WHERE id = {5 + number}",
                f"INSERT INTO t VALUES ({10 + number}, ROW(1, 'new', 2.0)::place, NULL, '')",
            ):
                await both.connection(side).execute(written)
            await both.settle()
            await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_an_attribute_added_before_a_change_arrived_is_a_conflict_for_that_row(pair: Pair) -> None:
    """A value as the old type printed it is no value of the new one: both versions are kept, the rest goes on."""
    async with synced(pair, COMPOSITE) as both:
        await both.main.execute(
            "UPDATE t SET note = 'in flight' WHERE id = 1; UPDATE t SET note = 'x' WHERE id = 1"
        )
        for side in Side:
            await both.connection(side).execute("ALTER TYPE place ADD ATTRIBUTE z numeric")
        await both.main.execute("UPDATE t SET note = 'afterwards' WHERE id = 2")
        await both.settle()
        assert await both.backup.fetchval("SELECT note FROM t WHERE id = 2") == "afterwards"
        (entry,) = await both.open_conflicts()
        assert (entry.side, entry.entity_id, entry.type) == (Side.BACKUP, "1", "REJECTED")
        assert entry.incoming is not None
        assert entry.incoming["note"] == "x"
        async with Resolver(*endpoints(pair)) as resolver:
            await resolver.resolve(Decision("t", "1", Resolution.MAIN, by="me"))
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_a_value_of_a_hundred_megabytes(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY, v text)") as both:
        await both.main.execute("INSERT INTO t SELECT 1, repeat('ü', 50000000)")
        await both.settle()
        digest = "SELECT md5(v) || octet_length(v) FROM t"
        assert await both.main.fetchval(digest) == await both.backup.fetchval(digest) is not None
        await both.assert_no_conflicts()
