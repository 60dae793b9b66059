"""Partitioned tables: written at every level, with partitions that come and go; and classic inheritance."""

from __future__ import annotations

import asyncio

import pytest

from cdc.decision import Decision
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.live import until
from tests.synced import Synced, endpoints, synced
from triggers.install import install

TREE = """
CREATE TABLE root (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE middle PARTITION OF root FOR VALUES IN ('a', 'b') PARTITION BY RANGE (id);
CREATE TABLE low (v text, region text NOT NULL, gone int, id int NOT NULL);
ALTER TABLE low DROP COLUMN gone;
ALTER TABLE middle ATTACH PARTITION low FOR VALUES FROM (0) TO (100);
CREATE TABLE high PARTITION OF middle FOR VALUES FROM (100) TO (1000);
CREATE TABLE rest PARTITION OF root DEFAULT;
INSERT INTO root SELECT i, 'a', 'x' FROM generate_series(1, 9) i;
"""
ELSEWISE = """
CREATE TABLE root (v text, id int, region text, PRIMARY KEY (region, id)) PARTITION BY HASH (id);
CREATE TABLE even PARTITION OF root FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE odd PARTITION OF root FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO root (id, region, v) SELECT i, 'a', 'x' FROM generate_series(1, 9) i;
"""
PLAIN = """
CREATE TABLE root (id int, region text, v text, PRIMARY KEY (id, region));
INSERT INTO root SELECT i, 'a', 'x' FROM generate_series(1, 9) i;
"""


async def captured(both: Synced) -> None:
    """What the service does every few seconds."""
    for side in Side:
        await install(both.connection(side), side=side, schemas=["public"])


async def assert_same(both: Synced) -> None:
    await both.settle()
    await both.assert_equal("root")
    await both.assert_no_conflicts()


@pytest.mark.parametrize("there", [TREE, ELSEWISE, PLAIN], ids=["alike", "otherwise", "plain"])
async def test_written_at_every_level(pair: Pair, there: str) -> None:
    async with synced(pair, "SELECT 1") as both:
        await pair.main.execute(TREE)
        await pair.backup.execute(there)
        await captured(both)
        await both.engine.links[Side.MAIN].step()
        await both.settle()
        for side, offset in ((Side.MAIN, 10), (Side.BACKUP, 20)):
            db, tree = both.connection(side), side is Side.MAIN or there == TREE
            names = ("root", "middle", "low") if tree else ("root", "root", "root")
            for i, name in enumerate(names, start=offset):
                await db.execute(f"INSERT INTO {name} (id, region, v) VALUES ({i}, 'a', 'new')")
                await db.execute(f"UPDATE {name} SET v = v || '!' WHERE id = {i - offset + 1}")
                await db.execute(f"DELETE FROM {name} WHERE id = {offset // 10 + 6}")
            await assert_same(both)
            # From leaf to leaf, and back at once; one leaves for another branch.
            await db.execute(f"UPDATE root SET id = id + 100 WHERE id IN (4, 5, {offset})")
            await db.execute(f"UPDATE {names[1]} SET id = id - 100 WHERE id IN (104, 105)")
            await db.execute(f"UPDATE root SET region = 'far' WHERE id = {offset + 1}")
            await db.execute(
                "INSERT INTO root (id, region, v) VALUES (6, 'a', '?'), (600, 'z', '?')"
                " ON CONFLICT (id, region) DO UPDATE SET v = excluded.v"
            )
            await assert_same(both)
        assert len(await both.rows(Side.MAIN, "root")) == 14


async def test_a_row_for_which_the_other_side_has_no_partition_waits_alone(pair: Pair) -> None:
    schema = "CREATE TABLE root (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
    schema += "CREATE TABLE first PARTITION OF root FOR VALUES FROM (0) TO (100)"
    second = "CREATE TABLE second PARTITION OF root FOR VALUES FROM (100) TO (200)"
    async with synced(pair, schema) as both:
        await pair.main.execute(f"{second}; INSERT INTO root VALUES (1, 'x'), (101, 'x')")
        await both.settle()
        assert await both.rows(Side.BACKUP, "root") == ["(1,x)"]
        assert [one.entity_id for one in await both.open_conflicts()] == ["101"]
        await pair.backup.execute(second)

        async def same() -> bool:
            await both.settle()
            return len(await both.rows(Side.BACKUP, "root")) == 2

        await until(same)
        await assert_same(both)


@pytest.mark.parametrize("first", list(Side))
async def test_a_new_partition(pair: Pair, first: Side) -> None:
    new = "CREATE TABLE newer PARTITION OF middle FOR VALUES FROM (1000) TO (2000)"
    async with synced(pair, TREE) as both:
        await both.settle()
        here, there = both.connection(first), both.connection(first.other)
        await here.execute(new)
        await there.execute(new)
        # Through the root it is captured at once; nobody sees direct writes before the triggers are there.
        await here.execute(
            "INSERT INTO root VALUES (1001, 'a', 'seen'); INSERT INTO newer VALUES (1002, 'a', 'unseen')"
        )
        await captured(both)
        await here.execute(
            "INSERT INTO newer VALUES (1003, 'a', 'seen'); UPDATE newer SET v = 'too' WHERE id = 1001"
        )
        await both.settle()
        found = await both.open_conflicts()
        assert [(one.entity, one.entity_id) for one in found] == [("root", "1002,a")]
        assert len(await both.rows(first.other, "root")) == 11


async def test_attached_with_rows_of_its_own(pair: Pair) -> None:
    attach = "ALTER TABLE middle ATTACH PARTITION extra FOR VALUES FROM (1000) TO (2000)"
    async with synced(pair, TREE) as both:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(
                "CREATE TABLE extra (LIKE root INCLUDING INDEXES);"
                f"INSERT INTO extra VALUES (1001, 'a', 'same'), (1002, 'a', 'at {side}')"
            )
        await pair.main.execute(attach)
        await captured(both)
        await pair.main.execute("UPDATE root SET v = 'y' WHERE id = 1")
        await both.settle()
        assert "(1,a,y)" in await both.rows(Side.BACKUP, "root")
        await both.assert_no_conflicts()
        await pair.backup.execute(attach)
        await captured(both)
        await pair.main.execute("UPDATE extra SET v = v || '!' WHERE id = 1001")
        await both.settle()
        assert "(1001,a,same!)" in await both.rows(Side.BACKUP, "root")
        assert [(one.entity, one.entity_id) for one in await both.open_conflicts()] == [("root", "1002,a")]


@pytest.mark.parametrize("first", list(Side))
async def test_detached_and_written_as_a_table_of_its_own(pair: Pair, first: Side) -> None:
    async with synced(pair, TREE) as both:
        await both.settle()
        await pair.main.execute("INSERT INTO root SELECT i, 'b', 'y' FROM generate_series(200, 210) i")
        await both.settle()
        for side in (first, first.other):
            await both.connection(side).execute("ALTER TABLE middle DETACH PARTITION high")
            await captured(both)
            await both.settle()
            await both.connection(side).execute("UPDATE root SET v = 'z' WHERE id = 1")
            await both.assert_no_conflicts()
        await pair.main.execute("UPDATE high SET v = 'own' WHERE id = 200")
        await pair.backup.execute("UPDATE high SET v = 'own' WHERE id = 201")
        await both.settle()
        await both.assert_equal("root", "high")
        await both.assert_no_conflicts()
        await pair.main.execute("DROP TABLE high")
        await captured(both)
        await pair.main.execute("UPDATE root SET v = 'after' WHERE id = 2")
        await both.settle()
        await both.assert_equal("root")


@pytest.mark.parametrize("first", list(Side))
async def test_a_dropped_partition_takes_its_rows_with_it(pair: Pair, first: Side) -> None:
    """From the side that drops it; the other keeps its rows until it has dropped it too."""
    async with synced(pair, TREE) as both:
        await pair.main.execute("INSERT INTO root SELECT i, 'b', 'y' FROM generate_series(200, 210) i")
        await both.settle()
        await both.connection(first).execute("DROP TABLE high")
        await captured(both)
        await both.connection(first).execute("UPDATE root SET v = 'z' WHERE id = 1")
        await both.settle()
        await both.assert_no_conflicts()
        assert await both.rows(first, "root") == [f"({i},a,{'z' if i == 1 else 'x'})" for i in range(1, 10)]
        there = await both.rows(first.other, "root")
        assert len(there) == 20
        assert "(1,a,z)" in there
        # What is written to it there has nowhere to go, and stops nothing else.
        await both.connection(first.other).execute(
            "UPDATE root SET v = 'late' WHERE id = 200; UPDATE root SET v = 'w' WHERE id = 2"
        )
        await both.settle()
        assert "(2,a,w)" in await both.rows(first, "root")
        assert {one.entity_id for one in await both.open_conflicts()} == {"200,b"}
        await both.connection(first.other).execute("DROP TABLE high")
        await captured(both)
        await both.settle()
        await both.assert_equal("root")
        async with Resolver(*endpoints(pair)) as resolver:
            await resolver.resolve(Decision("root", "200,b", Resolution(first.value), by="me"))
        await both.settle()
        await both.assert_equal("root")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("first", list(Side))
async def test_a_middle_with_leaves_comes_and_goes(pair: Pair, first: Side) -> None:
    """Made, detached and written as a table of its own, attached again: on one side first, then on the other."""
    new = """
        CREATE TABLE branch PARTITION OF root FOR VALUES IN ('c') PARTITION BY RANGE (id);
        CREATE TABLE twig PARTITION OF branch FOR VALUES FROM (0) TO (100);
        CREATE TABLE bough PARTITION OF branch FOR VALUES FROM (100) TO (200);
    """
    async with synced(pair, TREE) as both:
        await both.settle()
        here, there = both.connection(first), both.connection(first.other)
        for side in (first, first.other):
            await both.connection(side).execute(new)
            await captured(both)
            await both.settle()
        await here.execute("INSERT INTO twig VALUES (1, 'c', 'x'); INSERT INTO branch VALUES (101, 'c', 'x')")
        await there.execute("INSERT INTO root VALUES (2, 'c', 'x'); INSERT INTO bough VALUES (102, 'c', 'x')")
        await assert_same(both)
        assert len(await both.rows(Side.MAIN, "branch")) == 4
        for side in (first, first.other):
            await both.connection(side).execute("ALTER TABLE root DETACH PARTITION branch")
            await captured(both)
            await both.connection(side).execute("UPDATE root SET v = v || '+' WHERE id = 3")
            await both.settle()
            await both.assert_no_conflicts()
        await here.execute("UPDATE bough SET v = 'own' WHERE id = 101; DELETE FROM branch WHERE id = 2")
        await there.execute("UPDATE branch SET id = id + 10 WHERE id = 1")
        await both.settle()
        await both.assert_equal("root", "branch")
        assert await both.rows(Side.MAIN, "branch") == ["(101,c,own)", "(102,c,x)", "(11,c,x)"]
        for side in (first, first.other):
            await both.connection(side).execute(
                "ALTER TABLE root ATTACH PARTITION branch FOR VALUES IN ('c')"
            )
            await captured(both)
            await both.settle()
        await there.execute("UPDATE twig SET v = 'again'; INSERT INTO root VALUES (5, 'c', 'new')")
        await here.execute("UPDATE root SET v = 'again' WHERE id = 102")
        await assert_same(both)
        assert len(await both.rows(Side.MAIN, "root")) == 13


@pytest.mark.parametrize("rows", [1, 9, 40, 2500])
async def test_rows_that_a_trigger_keeps_from_where_they_move_to(pair: Pair, rows: int) -> None:
    """They are deleted, and come up nowhere; those beside them stand no longer in pairs."""
    schema = (
        TREE.replace("generate_series(1, 9)", "generate_series(1, 5000)")
        .replace("TO (100)", "TO (5100)")
        .replace("FROM (100) TO (1000)", "FROM (5100) TO (100000)")
    )
    trigger = """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN IF NEW.id % 10 = 1 THEN RETURN NULL; END IF; RETURN NEW; END$$;
        CREATE TRIGGER refuse BEFORE INSERT ON high FOR EACH ROW EXECUTE FUNCTION refuse();
    """
    async with synced(pair, schema) as both:
        await both.main.execute(trigger)
        await both.main.execute("UPDATE root SET id = id + 10000, v = v || id WHERE id <= $1", rows)
        assert await both.main.fetchval("SELECT count(*) FROM root") == 5000 - (rows + 9) // 10
        await assert_same(both)


async def test_of_classic_inheritance_the_children_are_captured(pair: Pair) -> None:
    schema = """
        CREATE TABLE parent (id int PRIMARY KEY, v text);
        CREATE TABLE child (extra int, PRIMARY KEY (id)) INHERITS (parent);
        CREATE TABLE other (id int PRIMARY KEY);
    """
    async with synced(pair, schema) as both:
        report = await install(pair.main, side=Side.MAIN, schemas=["public"])
        states = {table.entity: table.state for table in report.tables}
        assert states == {"parent": "refused", "child": "captured", "other": "captured"}
        note = next(table.notes[0] for table in report.tables if table.entity == "parent")
        assert "classic inheritance" in note
        await pair.main.execute("INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (2, 'c', 3)")
        await pair.backup.execute(
            "INSERT INTO child VALUES (4, 'c', 5); UPDATE child SET v = 'd' WHERE id = 2"
        )
        await both.settle()
        await pair.main.execute("DELETE FROM child WHERE id = 4; INSERT INTO other VALUES (1)")
        await pair.backup.execute("UPDATE child SET v = 'd' WHERE id = 2")
        await both.settle()
        await both.assert_equal("child", "other")
        await both.assert_no_conflicts()
        assert await pair.backup.fetchval("SELECT count(*) FROM ONLY parent") == 0


@pytest.mark.granted("a table with a trigger of somebody's own waits")
@pytest.mark.parametrize("batch_rows", [2, 50])
@pytest.mark.parametrize("ids", ["= 10", "IN (9, 10)", "< 70"])
async def test_rows_that_a_trigger_suppresses_as_they_move(pair: Pair, ids: str, batch_rows: int) -> None:
    """Such a row is gone; the others are what they became, wherever a batch ends."""
    suppress = """
        INSERT INTO root SELECT i, 'a', 'x' FROM generate_series(10, 80) i;
        CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RETURN CASE WHEN NEW.id % 10 = 0 THEN NULL ELSE NEW END; END$$;
        CREATE TRIGGER suppress BEFORE INSERT ON rest FOR EACH ROW EXECUTE FUNCTION suppress()"""
    async with synced(pair, TREE + suppress, options=Options(batch_rows=batch_rows)) as both:
        for side, far in ((Side.MAIN, "far"), (Side.BACKUP, "near")):
            await both.connection(side).execute(
                f"UPDATE root SET v = v || '!', region = CASE WHEN id % 5 = 0 THEN '{far}' ELSE region END"
                f" WHERE id {ids}"
            )
            await assert_same(both)
        assert await both.main.fetchval(
            "SELECT count(*) FILTER (WHERE id % 10 = 0) FROM root WHERE id < 70"
        ) == (0 if ids == "< 70" else 5)


async def test_written_while_a_new_tree_is_installed_beside_running_links(pair: Pair) -> None:
    """Who writes a leaf while its rows are recorded waits; nobody's row is met twice."""
    async with synced(pair, "SELECT 1") as both:
        for side in Side:
            await both.connection(side).execute("UPDATE cdc.node SET first_contact = 'done'")
            await both.connection(side).execute(
                "CREATE TABLE root (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
                "CREATE TABLE middle PARTITION OF root FOR VALUES FROM (0) TO (99) PARTITION BY RANGE (id);"
                "CREATE TABLE leaf PARTITION OF middle FOR VALUES FROM (0) TO (99)"
            )
        await both.main.execute("INSERT INTO leaf VALUES (1, 'x'), (2, 'x')")
        writer = await pair.connect(Side.MAIN)
        async with writer.transaction():
            await writer.execute("UPDATE leaf SET v = 'y' WHERE id = 1")
            installing = asyncio.create_task(install(both.main, side=Side.MAIN, schemas=["public"]))
            blocked = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'leaf'::regclass)"
            await until(lambda: writer.fetchval(blocked))
            assert await writer.fetchval("SELECT count(*) FROM cdc.changelog") == 0
        await installing
        await install(both.backup, side=Side.BACKUP, schemas=["public"])
        assert await both.main.fetchval("SELECT array_agg(new ORDER BY new) FROM cdc.changelog") == [
            "(1,y)",
            "(2,x)",
        ]
        await assert_same(both)
