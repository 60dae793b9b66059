from __future__ import annotations

import asyncio

import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.hosts import Connection
from tests.triggers.changes import capture, until
from triggers.errors import TriggerError
from triggers.sequences import SequenceReport, interleave

TABLES = """
CREATE TABLE s (id serial PRIMARY KEY, v int);
CREATE TABLE i (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v int);
CREATE SEQUENCE shared;
CREATE TABLE d (id int PRIMARY KEY DEFAULT nextval('shared'), v int);
"""


async def by_name(db: Connection, side: str) -> dict[str, SequenceReport]:
    return {report.sequence: report for report in await interleave(db, side=side, schemas=["public"])}


async def insert(db: Connection, table: str) -> int:
    return int(await db.fetchval(f"INSERT INTO {table} (v) VALUES (0) RETURNING id"))


@pytest.mark.parametrize(("side", "parity"), [("MAIN", 1), ("BACKUP", 0)])
async def test_one_side_takes_odd_numbers_the_other_even_ones(pair: Pair, side: str, parity: int) -> None:
    db = pair.main
    await db.execute(TABLES)
    for _ in range(3):
        await insert(db, "s")
    await insert(db, "d")
    assert {r.state for r in (await by_name(db, side)).values()} == {"interleaved"}
    for table, above in (("s", 3), ("i", 0), ("d", 1)):
        numbers = [await insert(db, table) for _ in range(4)]
        assert min(numbers) in (above + 1, above + 2)
        assert {number % 2 for number in numbers} == {parity}
    before = await by_name(db, side)
    assert {r.state for r in before.values()} == {"unchanged"}
    assert await insert(db, "s") == before["s_id_seq"].next_number


async def test_numbers_that_a_session_holds_in_advance(pair: Pair) -> None:
    db, app = pair.main, await pair.connect(Side.MAIN)
    await db.execute(TABLES + "ALTER SEQUENCE s_id_seq CACHE 20")
    await insert(app, "s")
    await by_name(db, "BACKUP")
    numbers = [await insert(app, "s") for _ in range(30)]
    assert {number % 2 for number in numbers} == {0}
    assert min(numbers) > 20


async def test_a_sequence_in_use_is_waited_for(pair: Pair) -> None:
    db, app = pair.main, await pair.connect(Side.MAIN)
    await db.execute(TABLES)
    transaction = app.transaction()
    await transaction.start()
    taken = await insert(app, "s")
    working = asyncio.create_task(by_name(db, "MAIN"))
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 's_id_seq'::regclass AND NOT granted)"
    await until(app, waiting)
    await transaction.commit()
    assert (await working)["s_id_seq"].next_number == taken + 2


async def test_what_is_left_alone_and_why(pair: Pair) -> None:
    db = pair.main
    await db.execute(
        "CREATE SEQUENCE blocks INCREMENT 50; CREATE SEQUENCE down INCREMENT -1;"
        " CREATE SEQUENCE round MAXVALUE 9 CYCLE;"
        "CREATE TABLE b (id int PRIMARY KEY DEFAULT nextval('blocks'), d int DEFAULT nextval('down'),"
        " r int DEFAULT nextval('round'))"
    )
    reports = await by_name(db, "MAIN")
    assert {r.state for r in reports.values()} == {"left alone"}
    assert "steps of 50" in reports["blocks"].note
    assert "counts down" in reports["down"].note
    assert "anew" in reports["round"].note
    assert await db.fetchval("SELECT nextval('blocks')") == 1


async def test_a_sequence_that_is_used_up(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE t (id serial PRIMARY KEY); SELECT setval('t_id_seq', 2147483647)")
    with pytest.raises(TriggerError, match="used up"):
        await by_name(pair.main, "MAIN")


async def test_only_captured_tables(pair: Pair) -> None:
    db = pair.main
    await db.execute("CREATE TABLE t (id serial PRIMARY KEY); CREATE TABLE django_migrations (id serial)")
    assert set(await by_name(db, "MAIN")) == {"t_id_seq"}


async def test_the_report_names_sequences_that_collide(pair: Pair) -> None:
    db = pair.main
    await db.execute(TABLES)
    for table in (await capture(db)).tables:
        assert "cdc install-triggers --interleave-sequences" in table.notes[0]
    await by_name(db, "MAIN")
    assert [table.notes for table in (await capture(db)).tables] == [(), (), ()]
