"""Tables are altered on one side first, then on the other, while applications write to both.

No write fails, other tables go on, a table waits only while a value would be lost, and in the end both sides
hold the same rows, although what ALTER TABLE did to them was never captured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from cdc.model import Side
from cdc.stats import Options
from tests.databases import Pair
from tests.live import equal, running, until
from tests.synced import Synced, synced
from tests.system.alterations import ALTERATIONS, Alteration, expected, held
from triggers.install import install


@dataclass(slots=True)
class Writers:
    """An application on each side: it writes rows of its own, in the form its side has."""

    both: Synced
    altered: set[Side] = field(default_factory=set)
    next_id: int = 100

    async def write(self) -> None:
        """Insert, update and delete in all tables on both sides."""
        self.next_id += 10
        for alteration in ALTERATIONS:
            for offset, side in enumerate(Side):
                await self.write_to(alteration, side, offset)

    async def write_to(self, alteration: Alteration, side: Side, offset: int) -> None:
        ids = [i * 2 + offset for i in range(self.next_id, self.next_id + 2)]
        sql = alteration.writes(ids, offset, altered=side in self.altered)
        await self.both.connection(side).execute("; ".join(sql))

    async def alter(self, side: Side) -> None:
        for each in ALTERATIONS:
            if each.ddl:
                await self.both.connection(side).execute(f"ALTER TABLE {each.table} {each.ddl}")
        self.altered.add(side)


async def assert_arrived(both: Synced, writers: Writers, first: Side) -> None:
    """The rows that were just inserted are on the other side too, unless their table waits or they are refused."""
    waiting = expected(first)
    refused = {(each.entity, each.entity_id) for each in await both.open_conflicts()}
    for each in ALTERATIONS:
        for offset, side in enumerate(Side):
            written = writers.next_id * 2 + 2 + offset
            arrived = await values(both, side.other, f"SELECT id FROM {each.table} WHERE id = {written}")
            stays = each.table in waiting[side] or (each.refused and side is first)
            assert (each.table, side, arrived) == (each.table, side, [] if stays else [written])
            assert ((each.table, str(written)) in refused) is (each.refused and side is first)


@pytest.mark.parametrize("up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize("first", list(Side))
async def test_altered_on_one_side_then_on_the_other(
    pair: Pair,
    first: Side,
    up: bool,  # noqa: FBT001
) -> None:
    async with synced(pair, "".join(each.sql for each in ALTERATIONS)) as both:
        await both.settle()
        writers = Writers(both)
        if not up:
            await both.engine.close()
        await writers.write()
        for side in (first, first.other):
            await writers.alter(side)
            await writers.write()
            if up:
                await both.settle()
                await both.assert_equal("untouched")
            if up and side is first:
                assert held(both) == expected(first)
                await assert_arrived(both, writers, first)
        if not up:
            await both.reopen()
        await both.settle()
        assert {side: link.held for side, link in both.engine.links.items() if link.held} == {}
        wrong = []
        for each in ALTERATIONS:
            here, there = [await both.rows(side, each.table) for side in Side]
            if here != there:
                wrong.append((each.table, sorted({*here} ^ {*there})[:4]))
        assert wrong == []
        await both.assert_no_conflicts()


async def captured(both: Synced, *, linked: bool = False, exclude: Sequence[str] = ()) -> None:
    """What the service does every few seconds; `linked`: first contact is over, as it always is by then."""
    for side in Side:
        if linked:
            await both.connection(side).execute("UPDATE cdc.node SET first_contact = 'done'")
        await install(both.connection(side), side=side, schemas=["public"], exclude=exclude)


async def values(both: Synced, side: Side, sql: str) -> list[Any]:
    return [row[0] for row in await both.connection(side).fetch(sql)]


SIMPLE = """
CREATE TABLE t (id int PRIMARY KEY, n int);
CREATE TABLE other (id int PRIMARY KEY, n int);
INSERT INTO t SELECT i, i FROM generate_series(1, 10) i;
INSERT INTO other SELECT i, i FROM generate_series(1, 10) i;
"""


@pytest.mark.parametrize("applied", [True, False])
async def test_a_table_that_was_left_out_for_a_time(pair: Pair, *, applied: bool) -> None:
    """Its number stands while the changelog has changes of it; what was written meanwhile is found all the same."""
    async with synced(pair, SIMPLE) as both:
        await both.main.execute("UPDATE t SET n = 0 WHERE id < 3; INSERT INTO t VALUES (11), (12)")
        if applied:
            await both.settle()
        await captured(both, linked=True, exclude=["t"])
        await both.main.execute("INSERT INTO t VALUES (13); UPDATE t SET n = 7 WHERE id = 2")
        await captured(both, linked=True)
        await both.settle()
        assert {(each.side, each.entity_id) for each in await both.open_conflicts()} == {
            (side, "2") for side in Side
        }
        await both.backup.execute("UPDATE t SET n = 7 WHERE id = 2")
        await both.settle()
        await both.assert_equal("t", "other")
        await both.assert_no_conflicts()


async def test_conflicts_of_a_table_that_is_left_out(pair: Pair) -> None:
    """They can be decided while its changes are kept, end with these, and come back once it is taken in again."""
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        for side in Side:
            await both.connection(side).execute("UPDATE t SET n = $1 WHERE id = 1", 100 + len(side))
        await both.backup.execute("ALTER TABLE t ADD CHECK (n <> 55)")
        await both.main.execute("INSERT INTO t VALUES (55, 55)")
        await both.settle()
        for side in Side:
            await both.connection(side).execute("UPDATE other SET n = 0 WHERE id = $1", len(side))
        await both.settle()
        await captured(both, linked=True, exclude=["t"])
        await both.settle()
        assert {each.entity_id for each in await both.open_conflicts()} == {"1", "55"}
        for side in Side:
            number = "SELECT id FROM cdc.captured_table WHERE table_name = 't'"
            await both.connection(side).execute(f"DELETE FROM cdc.changelog WHERE table_id = ({number})")
        await captured(both, linked=True, exclude=["t"])
        await both.settle()
        await both.assert_no_conflicts()
        await captured(both, linked=True)
        await both.settle()
        assert {each.entity_id for each in await both.open_conflicts()} == {"1", "55"}


async def test_writers_go_on_while_tables_are_altered(pair: Pair) -> None:
    async with synced(pair, SIMPLE) as both, running(both):
        stop, written = asyncio.Event(), dict.fromkeys(Side, 0)

        async def write(side: Side) -> None:
            connection = await pair.connect(side)
            mine = 1 if side is Side.MAIN else 0
            while not stop.is_set():
                written[side] += 1
                i = written[side] * 2 + mine + 100
                await connection.execute("INSERT INTO t (id) VALUES ($1)", i)
                await connection.execute("UPDATE t SET id = id WHERE id = $1", i)
                await connection.execute("UPDATE other SET n = $1 WHERE id % 2 = $2", i, mine)

        writers = [asyncio.create_task(write(side)) for side in Side]
        await pair.main.execute("ALTER TABLE t ADD m int NOT NULL DEFAULT 7")

        async def waits() -> bool:
            return held(both) == {Side.MAIN: {"t"}}

        await until(waits)
        last = written[Side.MAIN] * 2 + 101

        async def arrived() -> bool:
            return (await pair.backup.fetchval("SELECT n FROM other WHERE id = 1")) > last

        await until(arrived)
        await pair.backup.execute("ALTER TABLE t ADD m int NOT NULL DEFAULT 7")

        async def goes_on() -> bool:
            return held(both) == {}

        await until(goes_on)
        stop.set()
        await asyncio.gather(*writers)
        await equal(both, "t", "other")
        await both.assert_no_conflicts()
        assert len(await both.rows(Side.MAIN, "t")) == 10 + sum(written.values())


async def test_values_that_no_change_carried_over_are_found(pair: Pair) -> None:
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        await pair.main.execute("ALTER TABLE t ADD m int DEFAULT 1; ALTER TABLE other ADD m int DEFAULT 1")
        await pair.backup.execute("ALTER TABLE t ADD m int DEFAULT 2; ALTER TABLE other ADD m int DEFAULT 1")
        await pair.main.execute("UPDATE t SET n = 50 WHERE id = 5")
        await both.settle()
        assert await values(both, Side.BACKUP, "SELECT m FROM t WHERE id <> 5") == [2] * 9
        found = await both.open_conflicts()
        assert {(one.entity, one.entity_id) for one in found} == {("t", str(i)) for i in range(1, 11)}
        assert {one.current["m"] for one in found if one.current} == {"2"}
        assert {one.incoming["m"] for one in found if one.incoming} == {"1"}


async def test_every_row_of_a_rewritten_table_is_equal_or_a_conflict(pair: Pair) -> None:
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        rewrite = "ALTER TABLE t ALTER n TYPE int USING n * 100; ALTER TABLE other RENAME n TO x;"
        rewrite += "ALTER TABLE other ADD n int DEFAULT 0"
        for side in Side:
            await both.connection(side).execute(
                f"UPDATE t SET n = -1 WHERE id = {1 if side is Side.MAIN else 2}"
            )
            await both.connection(side).execute(rewrite)
        await pair.main.execute("UPDATE t SET n = 3 WHERE id = 3; UPDATE other SET x = 4, n = 5 WHERE id = 4")
        await both.settle()
        wrong = set()
        for table in ("t", "other"):
            here, there = [set(await both.rows(side, table)) for side in Side]
            wrong |= {(table, row.strip("()").split(",")[0]) for row in here ^ there}
        assert wrong == {(one.entity, one.entity_id) for one in await both.open_conflicts()}
        assert wrong <= {("t", "1"), ("t", "2")}


@pytest.mark.parametrize("first", list(Side))
async def test_a_partitioned_table_rewritten_on_one_side(pair: Pair, first: Side) -> None:
    """It has no file by which that could be seen."""
    rows = "INSERT INTO {t} SELECT i, 'v' FROM generate_series(1, 3) i;"
    sql = "CREATE TABLE plain (id int PRIMARY KEY, v text);" + rows.format(t="plain")
    sql += "CREATE TABLE parts (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);"
    sql += "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9);" + rows.format(t="parts")
    async with synced(pair, sql) as both:
        await both.settle()
        for table in ("plain", "parts"):
            await both.connection(first).execute(f"ALTER TABLE {table} ALTER v TYPE text USING upper(v)")
        await captured(both)
        await both.settle()
        found = {(each.entity, each.entity_id) for each in await both.open_conflicts()}
        assert found == {(table, str(i)) for table in ("plain", "parts") for i in (1, 2, 3)}


async def test_a_column_the_target_has_widened_takes_larger_values_at_once(pair: Pair) -> None:
    async with synced(pair, SIMPLE) as both:
        await pair.main.execute("UPDATE t SET n = 11 WHERE id = 1")
        await both.settle()
        for side in (Side.BACKUP, Side.MAIN):
            await both.connection(side).execute("ALTER TABLE t ALTER n TYPE bigint")
        await pair.main.execute("UPDATE t SET n = 5000000000 WHERE id = 1")
        assert (await both.engine.step(Side.MAIN)).conflicts == 0
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("rows", [1, 60], ids=["one row", "staged"])
async def test_a_column_the_target_has_narrowed_holds_the_table_before_it_rounds(
    pair: Pair, rows: int
) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, n numeric(10,4));"
    schema += "INSERT INTO t SELECT i, i FROM generate_series(1, 60) i"
    async with synced(pair, schema, options=Options(batch_rows=10)) as both:
        await both.settle()
        await pair.main.execute(f"UPDATE t SET n = n + 0.1 WHERE id <= {rows}")
        await both.settle()
        await pair.backup.execute("ALTER TABLE t ALTER n TYPE numeric(10,1)")
        await pair.main.execute(f"UPDATE t SET n = n + 0.0004 WHERE id <= {rows}")
        await both.settle()
        assert held(both) == {Side.MAIN: {"t"}}
        assert await values(both, Side.BACKUP, "SELECT n::text FROM t WHERE id = 1") == ["1.1"]
        await pair.backup.execute("ALTER TABLE t ALTER n TYPE numeric(10,4)")
        await both.settle()
        assert held(both) == {}
        await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_a_retyped_source_is_noticed_with_the_first_value_of_the_new_type(pair: Pair) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, n timestamp(0));"
    schema += "INSERT INTO t SELECT i, '2023-01-01' FROM generate_series(1, 60) i"
    async with synced(pair, schema, options=Options(batch_rows=10)) as both:
        await both.settle()
        await pair.main.execute("ALTER TABLE t ALTER n TYPE timestamp(6)")
        await pair.main.execute("UPDATE t SET n = '2024-01-01 00:00:00.123456'")
        await both.settle()
        assert held(both) == {Side.MAIN: {"t"}}
        await pair.backup.execute("ALTER TABLE t ALTER n TYPE timestamp(6)")
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("first", list(Side))
async def test_a_new_table_comes_with_the_rows_it_has(pair: Pair, first: Side) -> None:
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        new = "CREATE TABLE fresh (id int PRIMARY KEY, v text)"
        early, late = both.connection(first), both.connection(first.other)
        await early.execute(f"{new}; INSERT INTO fresh VALUES (1, 'before capture')")
        await captured(both, linked=True)
        await early.execute("INSERT INTO fresh VALUES (2, 'captured'); UPDATE fresh SET v = 'x' WHERE id = 1")
        await early.execute("UPDATE other SET n = 0 WHERE id = 1")
        await both.settle()
        assert held(both) == {first: {"fresh"}}
        await both.assert_equal("other")
        await late.execute(new)
        await captured(both)
        await late.execute("INSERT INTO fresh VALUES (3, 'there')")
        await both.settle()
        assert held(both) == {}
        await both.assert_equal("fresh")
        assert len(await both.rows(first, "fresh")) == 3
        await both.assert_no_conflicts()


async def test_rows_of_a_new_table_that_nobody_saw_are_conflicts(pair: Pair) -> None:
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        for side in Side:
            await both.connection(side).execute("CREATE TABLE fresh (id int PRIMARY KEY, v text)")
            await both.connection(side).execute(f"INSERT INTO fresh VALUES (1, 'same'), (2, 'at {side}')")
        await pair.main.execute("INSERT INTO fresh VALUES (3, 'only here')")
        await captured(both)
        await pair.main.execute("DELETE FROM fresh WHERE id = 1; UPDATE fresh SET v = 'MAIN' WHERE id = 2")
        await both.settle()
        assert await values(both, Side.BACKUP, "SELECT id FROM fresh") == [2]
        assert {one.entity_id for one in await both.open_conflicts()} == {"2", "3"}


@pytest.mark.parametrize("first", list(Side))
async def test_a_dropped_table_keeps_nothing_waiting(pair: Pair, first: Side) -> None:
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        late = both.connection(first.other)
        await both.connection(first).execute("UPDATE t SET n = 5; DROP TABLE t")
        await late.execute("UPDATE t SET n = 6 WHERE id < 4; UPDATE other SET n = 6 WHERE id < 4")
        await both.settle()
        assert held(both) == {first.other: {"t"}}
        await both.assert_equal("other")
        await late.execute("DROP TABLE t")
        await both.settle()
        assert held(both) == {}
        await captured(both)
        await late.execute("UPDATE other SET n = 7")
        await both.settle()
        await both.assert_equal("other")


async def test_a_table_made_anew_is_followed(pair: Pair) -> None:
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(
                "DROP TABLE t; CREATE TABLE t (n text, id bigint PRIMARY KEY)"
            )
        await captured(both)
        await pair.main.execute("INSERT INTO t VALUES ('new', 1)")
        await pair.backup.execute("INSERT INTO t VALUES ('new too', 2)")
        await both.settle()
        await both.assert_equal("t", "other")
        await both.assert_no_conflicts()


async def test_a_renamed_table_and_a_renamed_key(pair: Pair) -> None:
    async with synced(pair, SIMPLE) as both:
        await both.settle()
        rename = "ALTER TABLE t RENAME TO renamed; ALTER TABLE other RENAME id TO key"
        await pair.main.execute("UPDATE other SET n = n + 1 WHERE id % 2 = 1")
        await pair.main.execute(rename)
        await captured(both)
        await both.settle()
        await pair.main.execute("UPDATE renamed SET n = n + 1 WHERE id = 1")
        await pair.backup.execute("UPDATE t SET n = 20 WHERE id = 2")
        await both.settle()
        await pair.backup.execute(rename)
        await captured(both)
        await both.settle()
        assert held(both) == {}
        await both.assert_equal("renamed", "other")
        await both.assert_no_conflicts()
