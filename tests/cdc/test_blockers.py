"""What a target can refuse: one row waits alone, and it ends by itself when what blocked it changes."""

from __future__ import annotations

import pytest

from cdc.conflicts import get_conflict
from cdc.decision import Decision
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced

SCHEMA = """
CREATE TABLE parent (id int PRIMARY KEY, v text);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, code text, place int, spot int,
                    n int CHECK (n > 0), during int4range,
                    UNIQUE (place), UNIQUE (spot) DEFERRABLE,
                    EXCLUDE USING gist (during WITH &&));
CREATE TABLE visit (parent int REFERENCES parent, at text, PRIMARY KEY (parent, at));
CREATE UNIQUE INDEX codes ON child (lower(code)) WHERE code <> 'none';
CREATE TABLE node (id int PRIMARY KEY, next int REFERENCES node DEFERRABLE INITIALLY DEFERRED);
INSERT INTO parent VALUES (1, 'x'), (2, 'x');
INSERT INTO child SELECT i, 1, 'c' || i, i, i, 1 FROM generate_series(1, 4) i;
"""


async def due(both: Synced) -> None:
    """Let every entry be tried again now."""
    for side in Side:
        await both.connection(side).execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
        )


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [("code", "'C9'", "codes"), ("place", "9", "child_place_key"), ("spot", "9", "child_spot_key")],
)
async def test_a_unique_value_on_both_sides_names_both_rows(
    pair: Pair, column: str, value: str, constraint: str
) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute(f"INSERT INTO child (id, {column}, n) VALUES (10, {value}, 1)")
        await both.backup.execute(f"INSERT INTO child (id, {column}, n) VALUES (11, {value.lower()}, 1)")
        await both.main.execute("INSERT INTO child (id, n) VALUES (12, 5)")
        await both.settle()
        assert await both.backup.fetchval("SELECT n FROM child WHERE id = 12") == 5
        shown = await get_conflict(both.main, both.backup, "child", "10")
        assert (shown.type, shown.constraint) == ("UNIQUE_VIOLATION", constraint)
        named = [(each.side, each.entity, each.entity_id) for each in shown.related]
        assert named == [(Side.MAIN, "child", "10"), (Side.BACKUP, "child", "11")]
        assert shown.related[1].row is not None
        # The other row moves away: both are where they should be, without anybody.
        await both.backup.execute(f"UPDATE child SET {column} = NULL WHERE id = 11")
        await both.settle()
        await due(both)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("child")


async def test_an_exclusion_constraint_names_the_row(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("INSERT INTO child (id, n, during) VALUES (10, 1, '[1,5)')")
        await both.backup.execute("INSERT INTO child (id, n, during) VALUES (11, 1, '[4,9)')")
        await both.settle()
        shown = await get_conflict(both.main, both.backup, "child", "10")
        assert (shown.type, shown.constraint) == ("REJECTED", "child_during_excl")
        assert [each.entity_id for each in shown.related] == ["10", "11"]


async def test_a_parent_that_is_gone_is_named_and_the_child_follows_when_it_is_back(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("INSERT INTO child (id, parent, n) VALUES (10, 2, 1)")
        await both.backup.execute("DELETE FROM parent WHERE id = 2")
        await both.main.execute("INSERT INTO child (id, parent, n) VALUES (11, 1, 1)")
        await both.settle()
        assert await both.backup.fetchval("SELECT count(*) FROM child WHERE id = 11") == 1
        shown = await get_conflict(both.main, both.backup, "child", "10")
        assert shown.type == "FOREIGN_KEY_VIOLATION"
        assert [(each.side, each.entity, each.entity_id) for each in shown.related] == [
            (Side.BACKUP, "parent", "2")
        ]
        await both.backup.execute("INSERT INTO parent VALUES (2, 'x')")
        await both.settle()
        await due(both)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("parent", "child")


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM parent WHERE id = 2", "UPDATE parent SET id = 9 WHERE id = 2"],
    ids=["deleted", "moved"],
)
async def test_children_that_keep_their_parent_are_named_and_it_goes_when_they_have_gone(
    pair: Pair, change: str
) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute(change)
        await both.backup.execute(
            "INSERT INTO child (id, parent, n) SELECT i, 2, 1 FROM generate_series(10, 11) i"
        )
        await both.backup.execute("INSERT INTO visit VALUES (2, 'a,b')")
        await both.main.execute("INSERT INTO child (id, n) VALUES (12, 1)")
        await both.settle()
        assert await both.backup.fetchval("SELECT count(*) FROM child WHERE id = 12") == 1
        await both.backup.execute("DELETE FROM visit")
        await both.settle()
        await due(both)
        await both.settle()
        shown = await get_conflict(both.main, both.backup, "parent", "2")
        assert (shown.type, shown.constraint) == ("FOREIGN_KEY_VIOLATION", "child_parent_fkey")
        assert [(each.side, each.entity, each.entity_id) for each in shown.related] == [
            (Side.BACKUP, "child", "10"),
            (Side.BACKUP, "child", "11"),
        ]
        row = shown.related[0].row
        assert row is not None
        assert (row["parent"], row["n"]) == ("2", "1")
        await both.backup.execute("DELETE FROM child WHERE id IN (10, 11)")
        await both.settle()
        await due(both)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("parent", "child", "visit")


async def test_children_are_named_by_the_whole_key(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("DELETE FROM parent WHERE id = 2")
        await both.backup.execute("INSERT INTO visit VALUES (2, 'a,b')")
        await both.settle()
        shown = await get_conflict(both.main, both.backup, "parent", "2")
        assert shown.constraint == "visit_parent_fkey"
        assert [(each.entity, each.entity_id, each.row) for each in shown.related] == [
            ("visit", "2,a%2Cb", {"parent": "2", "at": "a,b"})
        ]
        # Both come back together where somebody decides for the parent.
        async with Resolver(*endpoints(pair)) as resolver:
            await resolver.resolve(Decision("parent", "2", Resolution.BACKUP, "ann"))
        await both.settle()
        await due(both)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("parent", "visit")


async def test_a_parent_is_named_as_its_own_conflicts_are(pair: Pair) -> None:
    schema = """
    CREATE TABLE size (width numeric, height numeric, PRIMARY KEY (width, height));
    CREATE TABLE board (id int PRIMARY KEY, w numeric, h numeric, FOREIGN KEY (w, h) REFERENCES size);
    INSERT INTO size VALUES (1.50, 2)
    """
    async with synced(pair, schema) as both:
        await both.main.execute("INSERT INTO board VALUES (1, 1.500, 2.0)")
        await both.backup.execute("DELETE FROM size")
        await both.settle()
        board = await get_conflict(both.main, both.backup, "board", "1")
        assert [(each.entity, each.entity_id) for each in board.related] == [("size", "1.5,2")]
        size = await get_conflict(both.main, both.backup, "size", "1.5,2")
        assert [(each.entity, each.entity_id) for each in size.related] == [("board", "1")]


async def test_a_row_that_a_check_refuses_waits_alone(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("ALTER TABLE child DROP CONSTRAINT child_n_check")
        await both.main.execute("INSERT INTO child (id, n) SELECT i, i - 20 FROM generate_series(20, 30) i")
        await both.settle()
        entries = await both.open_conflicts(Side.BACKUP)
        assert [(entry.entity_id, entry.type, entry.constraint) for entry in entries] == [
            ("20", "REJECTED", "child_n_check")
        ]
        await both.main.execute("UPDATE child SET n = 1 WHERE id = 20")
        await both.settle()
        await due(both)
        await both.settle()
        await both.assert_equal("child")
        await both.assert_no_conflicts()


async def test_what_worked_at_the_source_works_at_the_target(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        async with both.main.transaction():
            await both.main.execute("UPDATE child SET place = -1 WHERE id = 1")
            await both.main.execute("UPDATE child SET place = 1 WHERE id = 2")
            await both.main.execute("UPDATE child SET place = 2 WHERE id = 1")
        await both.main.execute("UPDATE child SET spot = spot + 1")
        async with both.main.transaction():
            await both.main.execute("INSERT INTO node VALUES (1, 2), (2, 3), (3, 1)")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("child", "node")
        await both.backup.execute(
            "UPDATE child SET spot = CASE spot WHEN 2 THEN 3 WHEN 3 THEN 2 ELSE spot END"
        )
        await both.backup.execute("BEGIN; UPDATE node SET next = NULL; DELETE FROM node; COMMIT")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("child", "node")
