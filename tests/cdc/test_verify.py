"""Both sides compared while they are written to: what is under way is no difference, what is wrong is."""

from __future__ import annotations

import asyncio

import pytest

from cdc import verify
from cdc.errors import SchemaMismatch
from cdc.model import Side
from cdc.verdict import TableVerdict, VerifyReport
from cdc.verify import verify_sides
from tests.databases import Pair
from tests.hosts import Connection
from tests.synced import Synced, endpoints, synced

SCHEMA = """
CREATE TABLE a (id int PRIMARY KEY, v text);
CREATE TABLE child (id int, part text, a_id int REFERENCES a, PRIMARY KEY (id, part));
CREATE TABLE bag (v text);
INSERT INTO a SELECT i, 'v' || i FROM generate_series(1, 20) i;
INSERT INTO child SELECT i, 'x,y', i FROM generate_series(1, 10) i;
INSERT INTO bag SELECT 'b' || i % 3 FROM generate_series(1, 9) i;
"""


async def verified(world: Synced, *tables: str, repair: Side | None = None) -> VerifyReport:
    main, backup = endpoints(world.pair)
    return await verify_sides(main, backup, tables=tables, repair=repair, progress=lambda *_: None)


def of(report: VerifyReport, name: str) -> TableVerdict:
    return next(table for table in report.tables if table.entity == name)


async def uncaptured(connection: Connection, *statements: str) -> None:
    """Write past capture, as corruption or a disabled trigger would."""
    async with connection.transaction():
        await connection.execute("SET LOCAL cdc.applying = 'on'")
        for statement in statements:
            await connection.execute(statement)


async def test_equal_sides_are_equal(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as world:
        report = await verified(world)
        assert report.equal
        assert {(one.entity, one.rows_main, one.rows_backup) for one in report.tables} == {
            ("a", 20, 20),
            ("bag", 9, 9),
            ("child", 10, 10),
        }


async def test_rows_written_past_capture_are_found(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as world:
        await uncaptured(world.main, "DELETE FROM child WHERE id = 1", "INSERT INTO bag VALUES ('more')")
        await uncaptured(
            world.backup,
            "UPDATE a SET v = 'other' WHERE id IN (3, 4)",
            "DELETE FROM child WHERE id IN (7, 8)",
        )
        report = await verified(world)
        assert not report.equal
        assert (of(report, "a").differing, of(report, "a").missing_main) == (2, 0)
        assert (of(report, "child").missing_main, of(report, "child").missing_backup) == (1, 2)
        assert of(report, "bag").missing_backup == 1
        assert (await verified(world, "a")).tables == (of(report, "a"),)


async def test_changes_under_way_are_no_differences(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as world:

        async def write(side: Side) -> None:
            connection = await pair.connect(side)
            for number in range(40):
                key = 1 + number % 10 * 2 + (side is Side.BACKUP)
                await connection.execute("UPDATE a SET v = v || 'x' WHERE id = $1", key)
                await connection.execute("UPDATE a SET v = $2 WHERE id = $1", key, f"v{number % 2}")

        async def carry() -> None:
            while True:
                for side in Side:
                    await world.engine.step(side)
                await asyncio.sleep(0)

        carrying = asyncio.create_task(carry())
        writing = asyncio.gather(*(write(side) for side in Side))
        try:
            reports = [await verified(world)]
            while not writing.done():
                reports.append(await verified(world))
            await writing
            for report in reports:
                assert report.equal, report
            final = await verified(world)
        finally:
            carrying.cancel()
            await asyncio.wait([carrying])
        assert final.equal
        assert all(table.moving == 0 for table in final.tables)


async def test_a_link_that_does_not_move_is_told_and_what_waits_is_no_difference(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PATIENCE_S", 0.1)
    async with synced(pair, SCHEMA) as world:
        await world.main.execute("UPDATE a SET v = 'waits' WHERE id = 1")
        await uncaptured(world.backup, "UPDATE a SET v = 'wrong' WHERE id = 2")
        report = await verified(world)
        assert "MAIN" in report.notes[0]
        assert (of(report, "a").differing, of(report, "a").moving) == (1, 1)


async def test_open_conflicts_are_counted_apart(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as world:
        await world.main.execute("UPDATE a SET v = 'main' WHERE id = 1")
        await world.backup.execute("UPDATE a SET v = 'backup' WHERE id = 1")
        await world.settle()
        assert (of(await verified(world), "a").differing, of(await verified(world), "a").conflicts) == (1, 1)


@pytest.mark.parametrize("loser", list(Side))
async def test_repair_gives_a_side_the_others_rows(pair: Pair, loser: Side) -> None:
    async with synced(pair, SCHEMA) as world:
        await uncaptured(
            world.connection(loser),
            "DELETE FROM child",
            "DELETE FROM a WHERE id > 5",
            "UPDATE a SET v = 'wrong' WHERE id = 1",
            "INSERT INTO a VALUES (99, 'surplus')",
        )
        report = await verified(world, repair=loser)
        assert {table.entity: table.repaired for table in report.tables} == {"a": 17, "child": 10, "bag": 0}
        assert (await verified(world)).equal
        await world.assert_equal("a", "child")
        kept = await world.entries(loser, "RESOLVED")
        assert {"v": "wrong", "id": "1"} in [entry.current for entry in kept]
        await world.settle()
        assert (await verified(world)).equal
        await world.assert_no_conflicts()


async def test_what_cannot_be_compared_is_said(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as world:
        await world.backup.execute("ALTER TABLE a DROP COLUMN v")
        report = await verified(world)
        assert not report.equal
        assert "lacks the column v" in of(report, "a").error
        with pytest.raises(SchemaMismatch, match="not synced: nowhere"):
            await verified(world, "nowhere")
