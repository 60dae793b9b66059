"""TRUNCATE of any level of a partitioned table, beside rows that its side has not met yet."""

from __future__ import annotations

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
CREATE SCHEMA {schema};
CREATE TABLE {schema}.root (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE {schema}.middle PARTITION OF {schema}.root FOR VALUES IN ('a', 'b') PARTITION BY RANGE (id);
CREATE TABLE {schema}.leaf (v text, region text NOT NULL, gone int, id int NOT NULL);
ALTER TABLE {schema}.leaf DROP COLUMN gone;
ALTER TABLE {schema}.middle ATTACH PARTITION {schema}.leaf FOR VALUES FROM (0) TO (100);
CREATE TABLE {schema}.high PARTITION OF {schema}.middle FOR VALUES FROM (100) TO (1000);
CREATE TABLE {schema}.rest PARTITION OF {schema}.root DEFAULT;
INSERT INTO {schema}.root SELECT i + far, 'a', 'x' FROM generate_series(1, 6) i, (VALUES (0), (100)) f (far);
INSERT INTO {schema}.root SELECT i, 'z', 'x' FROM generate_series(1, 6) i;
"""
UNSEEN = """
INSERT INTO root VALUES (50, 'a', 'new'), (150, 'b', 'new'), (50, 'z', 'new');
UPDATE root SET v = 'y' WHERE id % 100 = 1;
DELETE FROM root WHERE id % 100 = 2;
UPDATE root SET id = id + 200 WHERE id = 3 AND region = 'a';
UPDATE root SET id = id - 80 WHERE id = 103;
UPDATE root SET region = 'y' WHERE id IN (4, 104) AND region = 'a';
UPDATE root SET region = 'b' WHERE id = 3 AND region = 'z'
"""
"""Inserts, updates and deletes in every leaf, and moves from each into each of the others."""
UNTOUCHED = {"leaf": "id < 100 AND region = 'a'", "high": "id > 100", "rest": "region = 'z'"}
BRANCHES = {"leaf": ["leaf"], "middle": ["leaf", "high"], "root": ["leaf", "high", "rest"]}
UPDATED = {"leaf": "1,a", "high": "101,a", "rest": "1,z"}


@pytest.mark.parametrize("batch_rows", [1, 1000])
@pytest.mark.parametrize("source", list(Side))
async def test_beside_rows_of_every_partition_that_were_not_seen(
    pair: Pair, source: Side, batch_rows: int
) -> None:
    """Each tree lies in a schema named after the level that is truncated."""
    schema = "".join(TREE.replace("{schema}", f"at_{level}") for level in BRANCHES)
    schemas = tuple(f"at_{level}" for level in BRANCHES)
    async with synced(pair, schema, options=Options(batch_rows=batch_rows), schemas=schemas) as both:
        for level in BRANCHES:
            await both.connection(source.other).execute(f"SET search_path = at_{level}; {UNSEEN}")
            await both.connection(source).execute(
                f"SET search_path = at_{level}; TRUNCATE {level};"
                "INSERT INTO root VALUES (60, 'a', 'after'), (160, 'b', 'after'), (60, 'z', 'after')"
            )
        await both.settle()
        for level, truncated in BRANCHES.items():
            await check(both, source, level, truncated)


async def check(both: Synced, source: Side, level: str, truncated: list[str]) -> None:
    """What was updated unseen in the truncated part is a conflict; all else is the same on both sides."""
    entity = f"at_{level}.root"
    found = {one.entity_id for one in await both.open_conflicts() if one.entity == entity}
    assert found == {UPDATED[leaf] for leaf in truncated}, level
    here, there = [set(await both.rows(side, entity)) for side in (source, source.other)]
    assert here <= there, level
    assert {row.removesuffix(",y)").removeprefix("(") for row in there - here} == found, level
    assert {row for row in there if not row.endswith(",x)")} == {
        *("(50,a,new)", "(150,b,new)", "(50,z,new)", "(60,a,after)", "(160,b,after)", "(60,z,after)"),
        *("(1,a,y)", "(101,a,y)", "(1,z,y)"),
    }, level
    # Moved rows have come, wherever they were before; untouched ones are left outside of the truncated part only.
    assert {"(203,a,x)", "(23,a,x)", "(4,y,x)", "(104,y,x)", "(3,b,x)"} <= there, level
    for leaf, where in UNTOUCHED.items():
        left = await both.connection(source.other).fetchval(
            f"SELECT count(*) FROM {entity} WHERE {where} AND v = 'x' AND id % 100 IN (5, 6)"
        )
        assert left == (0 if leaf in truncated else 2), (level, leaf)


@pytest.mark.parametrize(("source", "batch_rows"), [(Side.MAIN, 1000), (Side.BACKUP, 1)])
async def test_a_key_given_again_meets_an_unseen_row(pair: Pair, source: Side, batch_rows: int) -> None:
    """Rows of before and of after the TRUNCATE have one key, and no row but those seen gives way to another."""
    schema = """
        CREATE TABLE root (id serial, v text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
        CREATE TABLE leaf PARTITION OF root FOR VALUES FROM (0) TO (4);
        CREATE TABLE rest PARTITION OF root DEFAULT;
    """
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        here, there = both.connection(source), both.connection(source.other)
        await here.execute("INSERT INTO root (v) SELECT 'old' FROM generate_series(1, 4)")
        await both.settle()
        await there.execute(
            "INSERT INTO root (v) VALUES ('unseen'); UPDATE root SET v = 'unseen' WHERE id = 2"
        )
        await here.execute(
            "TRUNCATE root RESTART IDENTITY; INSERT INTO root (v) SELECT 'again' FROM generate_series(1, 5)"
        )
        await both.settle()
        found = await both.open_conflicts()
        assert {one.entity_id for one in found} == {"2", "5"}
        kept = {(side, row) for side in Side for row in await both.rows(side, "root") if row[1] in "25"}
        assert kept == {(source, "(2,again)"), (source, "(5,again)")} | {
            (source.other, "(2,unseen)"),
            (source.other, "(5,unseen)"),
        }
        async with Resolver(*endpoints(pair)) as resolver:
            for key, side in (("2", source), ("5", source.other)):
                await resolver.resolve(Decision("root", key, Resolution(side.value), by="me"))
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("root")
        assert await both.rows(source, "root") == [f"({i},again)" for i in range(1, 5)] + ["(5,unseen)"]


@pytest.mark.parametrize("source", list(Side))
async def test_a_transaction_of_which_a_part_was_seen(pair: Pair, source: Side) -> None:
    """Its side met one row and truncated: where it cannot be told, a row is a conflict rather than gone."""
    schema = TREE.replace("{schema}", "at_leaf")
    async with synced(pair, schema, options=Options(batch_rows=2), schemas=("at_leaf",)) as both:
        await both.connection(source.other).execute(
            "INSERT INTO at_leaf.root SELECT i, 'a', 'new' FROM generate_series(50, 55) i"
        )
        await both.engine.step(source.other)
        assert (
            await both.connection(source).fetchval("SELECT count(*) FROM at_leaf.root WHERE v = 'new'") == 2
        )
        await both.connection(source).execute("TRUNCATE at_leaf.leaf")
        await both.settle()
        here, there = [set(await both.rows(side, "at_leaf.root")) for side in (source, source.other)]
        assert {row for row in there if row.endswith("new)")} >= {f"({i},a,new)" for i in range(52, 56)}
        differing = {row.removesuffix(",new)").removeprefix("(") for row in here ^ there}
        assert differing == {one.entity_id for one in await both.open_conflicts()} <= {"50,a", "51,a"}


@pytest.mark.granted("the table's own trigger would make it wait")
async def test_rows_that_a_trigger_puts_in_the_place_of_those_truncated(pair: Pair) -> None:
    """Whatever the trigger's name is: ours fire in the order of names too."""
    schema = "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (7, 'old');"
    schema += TREE.replace("{schema}", "public").replace("CREATE SCHEMA public;", "")
    for name, table, row in (("a", "t", "(1, 'again')"), ("z", "root", "(1, 'a', 'again')")):
        schema += (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ BEGIN INSERT INTO {table} VALUES {row}; RETURN NULL; END $$;"
            f"CREATE TRIGGER {name} AFTER TRUNCATE ON {table} EXECUTE FUNCTION {name}();"
        )
    async with synced(pair, schema) as both:
        await both.main.execute("TRUNCATE root, t")
        await both.settle()
        await both.assert_equal("t", "root")
        await both.assert_no_conflicts()
        assert (await both.rows(Side.BACKUP, "t"), await both.rows(Side.BACKUP, "root")) == (
            ["(1,again)"],
            ["(1,a,again)"],
        )


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_the_other_side_is_partitioned_otherwise(pair: Pair, batch_rows: int) -> None:
    """What takes every level takes the table. Of one partition that is not there, the table waits, and it alone."""
    async with synced(pair, "CREATE TABLE t (id int)", options=Options(batch_rows=batch_rows)) as both:
        for side in Side:
            await both.connection(side).execute(
                TREE.replace("{schema}", "public").replace("CREATE SCHEMA public;", "")
            )
            if side is Side.BACKUP:
                await both.backup.execute("ALTER TABLE middle RENAME TO half; ALTER TABLE leaf RENAME TO low")
            await install(both.connection(side), side=side, schemas=["public"])
        await both.settle()
        link = both.engine.links[Side.MAIN]
        await both.main.execute("TRUNCATE root; INSERT INTO root VALUES (1, 'a', 'x'), (101, 'a', 'x')")
        await both.settle()
        await both.assert_equal("root")
        assert not link.held
        await both.main.execute(
            "TRUNCATE leaf; INSERT INTO root VALUES (2, 'a', 'x'); INSERT INTO t VALUES (1)"
        )
        await both.settle()
        assert link.held == {"root"}
        await both.assert_equal("t")
        await both.backup.execute("ALTER TABLE low RENAME TO leaf")
        await both.settle()
        assert not link.held
        await both.assert_equal("root")
        assert len(await both.rows(Side.BACKUP, "root")) == 2
        # Truncated and gone on both sides before that was known: there is nothing left to do.
        await both.main.execute("TRUNCATE leaf; DROP TABLE leaf")
        await both.backup.execute("DROP TABLE leaf")
        await both.settle()
        assert not link.held
        await both.assert_equal("root")
        await both.assert_no_conflicts()


@pytest.mark.parametrize(("batch_rows", "held"), [(1, False), (1000, False), (1000, True)])
async def test_equal_rows_without_a_key_are_counted(pair: Pair, batch_rows: int, *, held: bool) -> None:
    """As many are left as were not seen: of those deleted unseen none, of those inserted beside seen ones the new."""
    schema = (
        "CREATE TABLE bag (v text); INSERT INTO bag VALUES ('x'), ('x'), ('x'), ('y'), ('y'), ('y'), ('z')"
    )
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        await both.backup.execute(
            "DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE v = 'x');"
            "INSERT INTO bag VALUES ('y'), ('y'), ('w')"
        )
        await both.main.execute("TRUNCATE bag")
        sitter = await pair.connect(Side.BACKUP)
        if held:
            await sitter.execute("BEGIN; SELECT FROM bag WHERE v IN ('x', 'z') FOR UPDATE")
        await both.settle()
        await sitter.execute("ROLLBACK")

        async def settled() -> bool:
            await both.settle()
            return not await both.open_conflicts()

        await until(settled)
        assert await both.rows(Side.MAIN, "bag") == ["(w)", "(y)", "(y)"]
        await both.assert_equal("bag")


@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_parents_in_a_partition_whose_children_were_not_seen(pair: Pair, batch_rows: int) -> None:
    """They have to stay as long as those do, and go with them."""
    schema = """
        CREATE TABLE parent (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
        CREATE TABLE leaf PARTITION OF parent FOR VALUES IN ('a');
        CREATE TABLE child (id int PRIMARY KEY, parent int, region text,
                            FOREIGN KEY (parent, region) REFERENCES parent);
        INSERT INTO parent VALUES (1, 'a', 'x'), (2, 'a', 'x'), (3, 'a', 'x');
        INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'a');
    """
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        await both.backup.execute("INSERT INTO child VALUES (3, 3, 'a')")
        await both.main.execute("TRUNCATE leaf, child")
        await both.settle()
        assert await both.rows(Side.BACKUP, "parent") == ["(3,a,x)"]
        conflicts = {(each.entity, each.entity_id) for each in await both.open_conflicts(Side.BACKUP)}
        assert ("parent", "3,a") in conflicts
        await both.backup.execute("DELETE FROM child")
        for side in Side:
            await both.connection(side).execute(
                "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
            )
        await both.settle()
        await both.assert_equal("parent", "child")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 1000])
async def test_after_keys_that_were_shifted_there_and_back(pair: Pair, batch_rows: int) -> None:
    """In parts, rows are put off whose changes come to nothing, wherever among them they began."""
    schema = """
        CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text);
        INSERT INTO t SELECT i, 'x' FROM generate_series(1, 4) i;
    """
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        async with both.main.transaction():
            await both.main.execute("UPDATE t SET id = id - 1")
            await both.main.execute("UPDATE t SET id = id + 1")
        await both.main.execute("TRUNCATE t")
        await both.main.execute("INSERT INTO t VALUES (4, 'y')")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


@pytest.mark.parametrize("batch_rows", [1, 2, 1000])
async def test_a_partition_with_rows_that_are_put_off(pair: Pair, batch_rows: int) -> None:
    """One came to it from elsewhere, one is new, and the others' parents had to wait for their children."""
    schema = """
        CREATE TABLE parent (id int, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
        CREATE TABLE leaf PARTITION OF parent FOR VALUES IN ('a', 'b');
        CREATE TABLE rest PARTITION OF parent DEFAULT;
        CREATE TABLE child (id int PRIMARY KEY, parent int, region text,
                            FOREIGN KEY (parent, region) REFERENCES parent ON UPDATE CASCADE);
        INSERT INTO parent VALUES (1, 'a', 'x'), (2, 'b', 'x'), (3, 'c', 'x');
        INSERT INTO child VALUES (1, 1, 'a'), (2, 2, 'b');
    """
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        await both.main.execute("UPDATE parent SET region = 'a', v = 'y' WHERE id > 1")
        await both.main.execute("INSERT INTO parent VALUES (4, 'a', 'new')")
        await both.main.execute("UPDATE leaf SET v = 'z'")
        await both.main.execute("TRUNCATE leaf, child")
        await both.main.execute("INSERT INTO parent VALUES (2, 'a', 'again')")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("parent", "child")
