"""A table gets another primary key while rows are named by the one before: none of them is mistaken for another."""

from __future__ import annotations

import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.synced import Synced, synced
from tests.system.test_huge_rows import by_key
from tests.system.test_schema_changes import captured

TABLE = """
CREATE TABLE t (id int PRIMARY KEY, nr int NOT NULL UNIQUE, v text NOT NULL);
INSERT INTO t SELECT i, i % 4 + 1, 'old' FROM generate_series(1, 4) i;
"""
KEYS = pytest.mark.parametrize(
    ("key", "name"), [("nr", "2"), ("nr, id", "2,1")], ids=["as many columns", "more columns"]
)


async def replaced(both: Synced, key: str) -> None:
    """The key of both sides, and the sides' notes of it."""
    for side in Side:
        await both.connection(side).execute(
            f"ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY ({key})"
        )
    await captured(both, linked=True)


async def names(both: Synced) -> set[str]:
    return {each.entity_id for each in await both.open_conflicts()}


@KEYS
async def test_an_open_conflict_is_one_under_its_new_name(pair: Pair, key: str, name: str) -> None:
    async with synced(pair, TABLE) as both:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(f"UPDATE t SET v = 'of {side}' WHERE id = 1")
        await both.settle()
        assert await names(both) == {"1"}
        await replaced(both, key)
        await both.settle()
        assert await names(both) == {name}


@KEYS
async def test_a_row_that_waits_to_be_fetched_arrives_or_is_asked_about(
    pair: Pair, key: str, name: str
) -> None:
    async with synced(pair, TABLE) as both:
        await both.settle()
        async with pair.backup.transaction():
            await pair.backup.execute("SELECT FROM t WHERE id = 1 FOR UPDATE")
            await by_key(both.main, "UPDATE t SET v = 'new' WHERE id = 1", "1")
            await both.engine.links[Side.MAIN].step()
        await replaced(both, key)
        await both.settle()
        rows = [await both.connection(side).fetch("SELECT * FROM t ORDER BY id") for side in Side]
        assert rows[0] == rows[1] or await names(both) == {name}
        await both.main.execute("UPDATE t SET v = 'later' WHERE id = 3")
        await both.settle()
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 3") == "later"


@KEYS
@pytest.mark.parametrize("reopened", [False, True])
async def test_a_key_that_was_recorded_and_not_read_holds_nothing(
    pair: Pair, key: str, name: str, *, reopened: bool
) -> None:
    async with synced(pair, TABLE) as both:
        await both.settle()
        await by_key(both.main, "UPDATE t SET v = 'new' WHERE id = 1", "1")
        await replaced(both, key)
        if reopened:
            await both.reopen()
        await both.main.execute("UPDATE t SET v = 'later' WHERE id = 3")
        await both.settle()
        assert await names(both) == ({name} if reopened else set())
        arrived = await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "new"
        assert arrived is not reopened
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 3") == "later"
