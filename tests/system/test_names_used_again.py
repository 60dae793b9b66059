"""Names are used again for other columns and tables, while changes with their earlier meaning are under way.

Every value says which column of which table it was written to, so one that ends anywhere else is seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from cdc.change import Change
from cdc.decision import Decision
from cdc.errors import ResolutionRefused
from cdc.model import Policy, Resolution, Side
from cdc.policy import PolicyRule
from cdc.position import Position
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced
from triggers.install import install

Layout = dict[str, tuple[str, str, str]]
"""What is called how: a table, its first and its second column, by what the table was called first."""

TABLES = ("columns", "one_dropped", "here", "there", "this", "that", "other")
BEFORE: Layout = {table: (table, "a", "b") for table in TABLES}
SQL = "".join(
    f"CREATE TABLE {table} (id int PRIMARY KEY, a text, b text);"
    f"INSERT INTO {table} SELECT i, '{table} first', '{table} second' FROM generate_series(1, 40) i;"
    for table in TABLES
)


def swapped_columns(table: str) -> str:
    return "".join(f"ALTER TABLE {table} RENAME {names};" for names in ("a TO x", "b TO a", "x TO b"))


def swapped_tables(one: str, other: str) -> str:
    renames = ((one, "x"), (other, one), ("x", other))
    return "".join(f"ALTER TABLE {name} RENAME TO {new};" for name, new in renames)


RENAMED = (
    swapped_columns("columns")
    + "ALTER TABLE one_dropped DROP b; ALTER TABLE one_dropped RENAME a TO b; ALTER TABLE one_dropped ADD a text;"
    + swapped_tables("here", "there")
    + swapped_columns("this")
    + swapped_tables("this", "that")
)
AFTER: Layout = BEFORE | {
    "columns": ("columns", "b", "a"),
    "one_dropped": ("one_dropped", "b", "a"),
    "here": ("there", "a", "b"),
    "there": ("here", "a", "b"),
    "this": ("that", "b", "a"),
    "that": ("this", "a", "b"),
}


@dataclass(slots=True)
class Writers:
    """An application on each side that goes by what things are called there; no two write to one row."""

    both: Synced
    layouts: dict[Side, Layout] = field(default_factory=lambda: dict.fromkeys(Side, BEFORE))
    rounds: int = 0

    async def write(self) -> None:
        """Insert, update and delete in all tables on both sides."""
        for offset, side in enumerate(Side):
            own = self.rounds * 4 + offset * 2
            for was, (table, first, second) in self.layouts[side].items():
                await self.both.connection(side).execute(
                    f"INSERT INTO {table} (id, {first}, {second}) VALUES"
                    f" ({100 + own}, '{was} first new', '{was} second new'),"
                    f" ({101 + own}, NULL, '{was} second new'), ({200 + own}, '', '');"
                    f"UPDATE {table} SET {first} = '{was} first changed' WHERE id = {1 + own};"
                    f"UPDATE {table} SET {second} = NULL WHERE id = {2 + own};"
                    f"DELETE FROM {table} WHERE id IN ({40 - own}, {200 + own})"
                )
        self.rounds += 1

    async def alter(self, side: Side, sql: str, layout: Layout) -> None:
        await self.both.connection(side).execute(sql)
        self.layouts[side] = layout
        # What the service does every few seconds.
        await install(self.both.connection(side), side=side, schemas=["public"])


async def misplaced(both: Synced, layout: Layout) -> list[str]:
    """Values of each side that stand in another column than the one they were written to."""
    found = []
    for side in Side:
        for was, (table, *columns) in layout.items():
            for place, column in zip(("first", "second"), columns, strict=True):
                sql = f"SELECT id, {column} AS value FROM {table} WHERE {column} NOT LIKE '{was} {place}%'"
                found += [f"{side} {table}.{column}: {row}" for row in await both.connection(side).fetch(sql)]
    return found


def held(both: Synced) -> dict[Side, set[str]]:
    return {side: set(link.held) for side, link in both.engine.links.items()}


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("first", list(Side))
async def test_renamed_to_one_anothers_names(
    pair: Pair,
    first: Side,
    up: bool,  # noqa: FBT001
) -> None:
    async with synced(pair, SQL) as both:
        await both.settle()
        writers = Writers(both)
        if not up:
            await both.engine.close()
        await writers.write()
        await writers.alter(first, RENAMED, AFTER)
        await writers.write()
        if up:
            await both.settle()
            assert held(both) == dict.fromkeys(Side, {*TABLES} - {"other"})
            for side in Side:
                for row in await both.connection(side).fetch("SELECT * FROM cdc.position WHERE entity <> ''"):
                    assert " on one side only: " in row["reason"]
            await both.assert_equal("other")
            await both.assert_no_conflicts()
            await writers.write()
        await writers.alter(first.other, RENAMED, AFTER)
        await writers.write()
        if not up:
            await both.reopen()
        await both.settle()
        assert held(both) == {side: set() for side in Side}
        await both.assert_no_conflicts()
        await both.assert_equal(*TABLES)
        assert await misplaced(both, AFTER) == []


@pytest.mark.parametrize("first", list(Side))
async def test_renamed_and_back_again(pair: Pair, first: Side) -> None:
    """What was written in between bears names that nothing has any more, or that are another column's."""
    async with synced(pair, SQL) as both:
        await both.settle()
        writers = Writers(both)
        renamed = "ALTER TABLE here RENAME a TO z; ALTER TABLE there RENAME TO away;"
        between = BEFORE | {
            "columns": ("columns", "b", "a"),
            "here": ("here", "z", "b"),
            "there": ("away", "a", "b"),
        }
        await writers.alter(first, swapped_columns("columns") + renamed, between)
        await writers.write()
        back = "ALTER TABLE here RENAME z TO a; ALTER TABLE away RENAME TO there;"
        await writers.alter(first, swapped_columns("columns") + back, BEFORE)
        await writers.write()
        await both.settle()
        assert held(both) == {side: set() for side in Side}
        await both.assert_no_conflicts()
        await both.assert_equal(*TABLES)
        assert await misplaced(both, BEFORE) == []


ANEW = {
    "column_anew": "ALTER TABLE {t} DROP b; ALTER TABLE {t} ADD b text;",
    "other_type": "ALTER TABLE {t} DROP b; ALTER TABLE {t} ADD b varchar(20) DEFAULT 'new default';",
    "with_default": "ALTER TABLE {t} DROP b; ALTER TABLE {t} ADD b text NOT NULL DEFAULT 'new default';",
    "table_anew": "DROP TABLE {t}; CREATE TABLE {t} (id int PRIMARY KEY, a text, b text);",
    "other_shape": "DROP TABLE {t}; CREATE TABLE {t} (b text, c int, a varchar(9), id bigint PRIMARY KEY);",
}
MADE = """
CREATE TABLE {t} (id int PRIMARY KEY, a text, b text);
INSERT INTO {t} SELECT i, 'a', 'old' FROM generate_series(1, 40) i;
"""
WRITES = """
INSERT INTO {t} (id, a, b) VALUES ({100}, 'a', '{b}');
UPDATE {t} SET b = '{b}' || id WHERE id = {1};
UPDATE {t} SET a = 'A' WHERE id = {2};
DELETE FROM {t} WHERE id = {20};
"""


async def write_anew(both: Synced, round_: int, anew: set[Side]) -> set[int]:
    """Write to rows of each side's own; returns which."""
    written = set()
    for offset, side in enumerate(Side):
        own = round_ * 4 + offset * 2
        sql = WRITES.replace("{b}", "new" if side in anew else "old")
        for place in (1, 2, 20, 100):
            written.add(place + own)
            sql = sql.replace(f"{{{place}}}", str(place + own))
        for table in (*ANEW, "other"):
            await both.connection(side).execute(sql.replace("{t}", table))
    return written


async def differing(both: Synced, table: str) -> tuple[set[str], set[str]]:
    """Rows of a table that differ, and rows that hold a value of the column that was dropped."""
    here, there = [
        {
            str(row["id"]): (row["a"], row["b"])
            for row in await both.connection(side).fetch(f"SELECT * FROM {table}")
        }
        for side in Side
    ]
    old = {i for rows in (here, there) for i, (_, value) in rows.items() if (value or "").startswith("old")}
    return {i for i in here.keys() | there.keys() if here.get(i) != there.get(i)}, old


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("first", list(Side))
async def test_made_anew_under_the_same_name(
    pair: Pair,
    first: Side,
    up: bool,  # noqa: FBT001
) -> None:
    """Changes of before are taken by their names: rows written meanwhile may differ, no others, and none unseen."""
    async with synced(pair, "".join(MADE.replace("{t}", table) for table in (*ANEW, "other"))) as both:
        await both.settle()
        if not up:
            await both.engine.close()
        written = await write_anew(both, 0, set())
        for side in (first, first.other):
            await both.connection(side).execute("".join(sql.replace("{t}", t) for t, sql in ANEW.items()))
            await install(both.connection(side), side=side, schemas=["public"])
            if up:
                await both.settle()
                await both.assert_equal("other")
            if side is first:
                written |= await write_anew(both, 1, {first})
        written |= await write_anew(both, 2, {*Side})
        if not up:
            await both.reopen()
        await both.settle()
        assert held(both) == {side: set() for side in Side}
        await both.assert_equal("other")
        found = await both.open_conflicts()
        for table in ANEW:
            shown = {each.entity_id for each in found if each.entity == table}
            differ, old = await differing(both, table)
            assert (table, shown) == (table, differ)
            assert (table, old - shown) == (table, set())
            assert {int(each) for each in shown} <= written


ROWS = "INSERT INTO t (id, a, b) SELECT i, 't first', 't second' FROM generate_series(1, 5) i;"
PLAIN = f"CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY, a text, b text); {ROWS}"
ANOTHER_ORDER = "CREATE TABLE t (id int PRIMARY KEY, b text, a text)"
COMPUTED = (
    f"CREATE TABLE t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id) STORED, a text, b text); {ROWS}"
)
PARTITIONED = (
    "CREATE TABLE t (id int PRIMARY KEY, a text, b text) PARTITION BY RANGE (id);"
    f"CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (50); {ROWS}"
)
ONE_DROPPED = "ALTER TABLE t DROP b; ALTER TABLE t RENAME a TO b; ALTER TABLE t ADD a text;"


@pytest.mark.parametrize(
    ("backup", "sql", "renamed"),
    [
        (ANOTHER_ORDER, PLAIN, swapped_columns("t")),
        ("SELECT", COMPUTED, ONE_DROPPED),
        ("SELECT", PARTITIONED, swapped_columns("t")),
        ("SELECT", PARTITIONED, ONE_DROPPED),
    ],
    ids=["another_order", "computed", "partitioned", "partitioned_dropped"],
)
async def test_renamed_while_the_service_is_down(pair: Pair, backup: str, sql: str, renamed: str) -> None:
    await pair.backup.execute(backup)
    async with synced(pair, sql) as both:
        await both.settle()
        await both.engine.close()
        for own, side in enumerate(Side, 1):
            await both.connection(side).execute(
                f"UPDATE t SET a = 't first changed' WHERE id = {own};"
                f"INSERT INTO t (id, a, b) VALUES ({10 + own}, 't first new', 't second new'); {renamed}"
            )
            await install(both.connection(side), side=side, schemas=["public"])
        await both.reopen()
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await misplaced(both, {"t": ("t", "b", "a")}) == []
        assert await both.main.fetchval("SELECT count(*) FROM t WHERE b LIKE 't first %'") == 4


async def test_a_dropped_columns_name_is_given_to_another(pair: Pair) -> None:
    async with synced(pair, PLAIN) as both:
        await both.settle()
        await both.engine.close()
        for own, side in enumerate(Side, 1):
            await both.connection(side).execute(
                f"UPDATE t SET a = 't first changed', b = 't second changed' WHERE id = {own};"
                f"INSERT INTO t (id, a, b) VALUES ({10 + own}, 't first new', 't second new');"
                "ALTER TABLE t DROP a; ALTER TABLE t RENAME b TO a"
            )
            await install(both.connection(side), side=side, schemas=["public"])
        await both.reopen()
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await misplaced(both, {"t": ("t", "NULL::text", "a")}) == []


async def test_written_between_the_steps_while_the_service_is_down(pair: Pair) -> None:
    async with synced(pair, PLAIN) as both:
        await both.settle()
        await both.engine.close()
        for own, side in enumerate(Side):
            written = own + 1
            for step, first in zip(ONE_DROPPED.split(";"), ("a", "b", "b", "b"), strict=True):
                await both.connection(side).execute(
                    f"{step}; UPDATE t SET {first} = 't first changed' WHERE id = {written};"
                    f"INSERT INTO t (id, {first}) VALUES ({10 + written}, 't first new')"
                )
                written += 2
            await install(both.connection(side), side=side, schemas=["public"])
        await both.reopen()
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await misplaced(both, {"t": ("t", "b", "a")}) == []
        assert await both.main.fetchval("SELECT count(b) FROM t") == 5 + 8


@pytest.mark.parametrize("first", list(Side))
async def test_a_name_that_was_given_up_long_ago(pair: Pair, first: Side) -> None:
    """The other side has not renamed yet: what it writes under the name is for the column that had it."""
    async with synced(pair, SQL) as both:
        await both.settle()
        writers = Writers(both)
        steps = ("ALTER TABLE here RENAME a TO c;", "ALTER TABLE here ADD a text;")
        renamed = BEFORE | {"here": ("here", "c", "b")}
        for sql in steps:
            await writers.alter(first, sql, renamed)
            await both.settle()
        await writers.write()
        await both.settle()
        assert held(both) == {side: {"here"} for side in Side}
        for sql in steps:
            await writers.alter(first.other, sql, renamed)
        await both.settle()
        assert held(both) == {side: set() for side in Side}
        await both.assert_no_conflicts()
        await both.assert_equal(*TABLES)
        assert await misplaced(both, renamed) == []


async def test_renamed_while_a_held_table_catches_up(pair: Pair) -> None:
    """The names of one page of what it waited with are not those of the next."""
    async with synced(pair, SQL, options=Options(batch_rows=3)) as both:
        await both.settle()
        writers = Writers(both)
        await writers.alter(Side.MAIN, "ALTER TABLE here ADD c text", BEFORE)
        for i in range(100, 110):
            await both.main.execute(f"INSERT INTO here VALUES ({i}, 'here first', 'here second', 'c')")
        await both.settle()
        assert held(both) == {Side.MAIN: {"here"}, Side.BACKUP: set()}
        await writers.alter(Side.BACKUP, "ALTER TABLE here ADD c text", BEFORE)
        crossing = both.engine.links[Side.MAIN]._crossing
        assert crossing is not None
        read, pages = crossing.reader.read_held, itertools.count(1)

        async def read_held(reached: Position, table_id: int) -> Sequence[Change]:
            if next(pages) == 2:
                await both.backup.execute(swapped_columns("here"))
            return await read(reached, table_id)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(crossing.reader, "read_held", read_held)
            await both.settle()
        assert held(both) == {Side.MAIN: {"here"}, Side.BACKUP: set()}
        await both.assert_no_conflicts()
        await writers.alter(Side.MAIN, swapped_columns("here"), BEFORE)
        await both.settle()
        assert held(both) == {side: set() for side in Side}
        await both.assert_no_conflicts()
        await both.assert_equal("here")
        assert await misplaced(both, {"here": ("here", "b", "a")}) == []


DISPUTED = f"{PLAIN} ALTER TABLE t ADD at int;"
DECIDED = "SELECT id, b, a FROM t WHERE id = 1"


async def dispute(both: Synced) -> None:
    """BACKUP's row is the later one."""
    for at, side in enumerate(Side):
        await both.connection(side).execute(f"UPDATE t SET a = 't first {side}', at = {at} WHERE id = 1")
    for side in Side:
        await both.engine.step(side)
    assert {each.entity_id for each in await both.open_conflicts()} == {"1"}


async def swap(both: Synced, side: Side) -> None:
    await both.connection(side).execute(swapped_columns("t"))
    await install(both.connection(side), side=side, schemas=["public"])
    await both.settle()


@pytest.mark.parametrize("first", list(Side))
async def test_a_decision_waits_for_the_other_side_to_rename(pair: Pair, first: Side) -> None:
    async with synced(pair, DISPUTED) as both, Resolver(*endpoints(pair)) as resolver:
        await both.settle()
        await dispute(both)
        await swap(both, first)
        decision = Decision("t", "1", Resolution(first.value), "ann")
        with pytest.raises(ResolutionRefused, match="on one side only"):
            await resolver.resolve(decision)
        await swap(both, first.other)
        await resolver.resolve(decision)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await both.main.fetchrow(DECIDED) == (1, f"t first {first}", "t second")


@pytest.mark.parametrize("first", list(Side))
async def test_a_policy_waits_for_the_other_side_to_rename(pair: Pair, first: Side) -> None:
    """And is not taken to have left the conflict to a person."""
    async with synced(pair, DISPUTED, policy=lambda _: PolicyRule(Policy.LATEST_WINS, "at")) as both:
        await both.settle()
        await dispute(both)
        await swap(both, first)
        assert {each.entity_id for each in await both.open_conflicts()} == {"1"}
        await swap(both, first.other)
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await both.main.fetchrow(DECIDED) == (1, "t first BACKUP", "t second")


@pytest.mark.parametrize("first", list(Side))
async def test_a_table_made_beside_the_one_that_had_its_name(pair: Pair, first: Side) -> None:
    """What the other side writes under the name is for the table that has another one on this side by now."""
    replaced = "ALTER TABLE here RENAME TO away; CREATE TABLE here (id int PRIMARY KEY, a text, b text);"
    async with synced(pair, SQL) as both:
        await both.settle()
        writers, renamed = Writers(both), BEFORE | {"here": ("away", "a", "b")}
        await writers.alter(first, replaced, renamed)
        await both.connection(first).execute("INSERT INTO here VALUES (1, 'new', 'new')")
        await writers.write()
        await both.settle()
        assert held(both) == {first: {"away", "here"}, first.other: {"here"}}
        await writers.alter(first.other, replaced, renamed)
        await both.settle()
        assert held(both) == {side: set() for side in Side}
        await both.assert_no_conflicts()
        await both.assert_equal("away", *TABLES)
        assert await misplaced(both, renamed) == []
        assert await both.backup.fetchval("SELECT count(*) FROM here") == 1


async def test_a_partition_with_another_order_of_columns(pair: Pair) -> None:
    """Names are those of the time, whatever the places: also where nobody has looked at the table since."""
    async with synced(pair, PARTITIONED) as both:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(
                "CREATE TABLE t2 (b text, a text, id int PRIMARY KEY);"
                "ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (50) TO (99)"
            )
            await install(both.connection(side), side=side, schemas=["public"])
        await both.main.execute("INSERT INTO t2 (id, a, b) VALUES (60, 't first', 't second')")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await misplaced(both, {"t": ("t", "a", "b")}) == []
