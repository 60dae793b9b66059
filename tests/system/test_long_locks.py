"""An application sits on a row for minutes: what waits behind the row is no exception, however often it is tried."""

from __future__ import annotations

import pytest

from cdc.model import Side
from cdc.ties import PATIENCE
from tests.databases import Pair
from tests.synced import Synced, synced

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, u text UNIQUE, v text);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES t, v text);
INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO child VALUES (1, 3);
"""


async def try_often(both: Synced, tries: int = PATIENCE + 4) -> None:
    """Let time pass, as far as what is put off can tell."""
    link = both.engine.links[Side.MAIN]
    for _ in range(tries):
        await both.backup.execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
        )
        await link.retry()


@pytest.mark.parametrize(
    ("sits", "writes", "waiting"),
    [
        pytest.param(
            "UPDATE t SET v = v WHERE id = 1",
            "UPDATE t SET u = 'free' WHERE id = 1; UPDATE t SET u = 'one' WHERE id = 2;"
            "INSERT INTO t VALUES (4, 'two'); INSERT INTO child VALUES (4, 4)",
            {"1", "2", "4"},
            id="a unique value, and whatever waits for that",
        ),
        pytest.param(
            "INSERT INTO t VALUES (9, 'mine')",
            "INSERT INTO t VALUES (9, 'nine'); INSERT INTO child VALUES (9, 9)",
            {"9"},
            id="a parent that is not there yet",
        ),
        pytest.param(
            "UPDATE child SET v = v",
            "DELETE FROM child; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (5, 'three')",
            {"1", "3", "5"},
            id="a parent that still has its child",
        ),
        pytest.param(
            "UPDATE t SET v = v WHERE id = 2",
            "UPDATE t SET id = 20 WHERE id = 2; INSERT INTO t VALUES (2, 'new'); INSERT INTO child VALUES (2, 20)",
            {"2", "20"},
            id="a key",
        ),
    ],
)
async def test_what_waits_behind_a_locked_row(pair: Pair, sits: str, writes: str, waiting: set[str]) -> None:
    async with synced(pair, SCHEMA) as both:
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute(f"BEGIN; {sits}")
        await both.main.execute(writes)
        await both.engine.step(Side.MAIN)
        await try_often(both)
        assert await both.entries(Side.BACKUP, "OPEN") == []
        assert {each.entity_id for each in await both.entries(Side.BACKUP, "DEFERRED")} == waiting
        await sitter.execute("ROLLBACK")
        await try_often(both, 3)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t", "child")


@pytest.mark.parametrize(
    ("schema", "sits", "writes"),
    [
        pytest.param(
            "CREATE TABLE t (id int PRIMARY KEY, u text UNIQUE, v text);"
            "CREATE TABLE child (id int PRIMARY KEY, parent text REFERENCES t (u));"
            "INSERT INTO t VALUES (2, 'two')",
            "UPDATE t SET v = v WHERE id = 2; INSERT INTO t VALUES (9, 'mine')",
            "UPDATE t SET u = 'new' WHERE id = 2; INSERT INTO t VALUES (9, 'nine');"
            "INSERT INTO child VALUES (2, 'new'), (9, 'nine')",
            id="another unique column",
        ),
        pytest.param(
            "CREATE TABLE t (a int, b numeric, v text, PRIMARY KEY (a, b), UNIQUE (b, a));"
            "CREATE TABLE child (id int PRIMARY KEY, b numeric, a int, FOREIGN KEY (b, a) REFERENCES t (b, a))",
            "INSERT INTO t VALUES (9, 8, 'mine')",
            "INSERT INTO t VALUES (9, 8.0, 'nine'); INSERT INTO child VALUES (1, 8.00, 9)",
            id="another order of columns",
        ),
        pytest.param(
            "CREATE TABLE t (item int4range, valid int4range, v int, PRIMARY KEY (item, valid WITHOUT OVERLAPS));"
            "CREATE TABLE child (id int PRIMARY KEY, item int4range, valid int4range,"
            "                    FOREIGN KEY (item, PERIOD valid) REFERENCES t (item, PERIOD valid));"
            "INSERT INTO t VALUES ('[1,2)', '[0,10)'), ('[1,2)', '[10,20)')",
            "UPDATE t SET v = 1 WHERE valid @> 15",
            "UPDATE t SET valid = '[10,30)' WHERE valid @> 15; INSERT INTO child VALUES (1, '[1,2)', '[5,25)')",
            id="a period",
        ),
    ],
)
async def test_what_waits_for_a_parent_by_other_columns(
    pair: Pair, schema: str, sits: str, writes: str
) -> None:
    if "OVERLAPS" in schema and pair.main.get_server_version().major < 18:
        pytest.skip("there are no periods before PostgreSQL 18")
    async with synced(pair, schema) as both:
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute(f"BEGIN; {sits}")
        await both.main.execute(writes)
        await both.engine.step(Side.MAIN)
        await try_often(both)
        assert await both.entries(Side.BACKUP, "OPEN") == []
        assert await both.backup.fetchval("SELECT count(*) FROM child") == 0
        await sitter.execute("ROLLBACK")
        await try_often(both, 3)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t", "child")


async def test_a_refused_row_beside_it_is_shown(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.backup.execute("INSERT INTO t VALUES (30, 'theirs')")
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute("BEGIN; UPDATE t SET v = v WHERE id = 1")
        await both.main.execute("UPDATE t SET u = 'free' WHERE id = 1; INSERT INTO t VALUES (31, 'theirs')")
        await both.engine.step(Side.MAIN)
        await try_often(both, 2)
        assert {each.entity_id for each in await both.entries(Side.BACKUP, "OPEN")} == {"31"}
        await sitter.execute("ROLLBACK")


async def test_a_queue_behind_a_locked_row(pair: Pair) -> None:
    """Longer than what is looked for one by one: it is no conflict, and moves on from its head."""
    rows = 150
    schema = f"""
        CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE);
        INSERT INTO t SELECT i, i FROM generate_series(1, {rows}) i;
    """
    async with synced(pair, schema) as both:
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute(f"BEGIN; SELECT FROM t WHERE id = {rows} FOR UPDATE")
        async with both.main.transaction():
            for i in range(rows, 0, -1):
                await both.main.execute("UPDATE t SET u = u + 1 WHERE id = $1", i)
        await both.engine.step(Side.MAIN)
        await try_often(both)
        assert await both.entries(Side.BACKUP, "OPEN") == []
        await sitter.execute("ROLLBACK")
        await try_often(both, 2)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
