from __future__ import annotations

import pytest

from cdc.model import Side
from cdc.snapshot import mark
from cdc.snapshot.mark import Mark
from tests.databases import Pair
from tests.hosts import Connection
from tests.synced import synced
from triggers.install import install

TABLE = "CREATE TABLE product (id int PRIMARY KEY, name text); INSERT INTO product VALUES (1, 'chalk')"


@pytest.fixture
async def main(pair: Pair) -> Connection:
    await pair.main.execute(TABLE)
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    return pair.main


async def taken(main: Connection) -> Mark:
    """What a backup does: look, then take a snapshot."""
    before = await mark.look(main, ["public"])
    seen = await main.fetchval("SELECT pg_current_snapshot()::text")
    again = Mark.of_json(before.mark.of(seen, ["product"]).as_json())
    assert again is not None
    return again


async def same(main: Connection, then: Mark) -> bool:
    return await mark.unchanged(main, await mark.look(main, ["public"]), then)


async def test_nothing_is_nothing_and_what_is_no_row_of_a_synced_table_is_nothing(main: Connection) -> None:
    then = await taken(main)
    assert await same(main, then)
    await main.execute("UPDATE cdc.node SET flushes = flushes + 1; UPDATE product SET name = '' WHERE false")
    await main.execute("ANALYZE product")
    await main.execute("VACUUM product")
    assert await same(main, then)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO product VALUES (2, 'cue')",
        "UPDATE product SET name = 'cue'",
        "DELETE FROM product",
        "TRUNCATE product",
        "ALTER TABLE product ADD COLUMN price int DEFAULT 3",
        "ALTER TABLE product ALTER name TYPE varchar USING name || '!'",
        "CREATE TABLE sale (id int)",
        "CREATE VIEW v AS SELECT 1 AS one",
        "DROP TABLE product",
        "UPDATE cdc.node SET token = gen_random_uuid()",
        "ALTER TABLE product DISABLE TRIGGER USER",
        "DROP TRIGGER cdc_capture_update ON product",
    ],
)
async def test_every_change_is_noticed(main: Connection, change: str) -> None:
    then = await taken(main)
    await main.execute(change)
    assert not await same(main, then)


async def test_a_change_is_noticed_after_the_changelog_was_pruned(main: Connection) -> None:
    then = await taken(main)
    await main.execute("INSERT INTO product VALUES (2, 'cue'); DELETE FROM cdc.changelog")
    assert not await same(main, then)


async def test_what_is_not_captured_is_never_unchanged(main: Connection) -> None:
    await main.execute("ALTER TABLE product DISABLE TRIGGER cdc_capture_update")
    then = await taken(main)
    assert not await same(main, then)
    await main.execute("ALTER TABLE product ENABLE TRIGGER cdc_capture_update")  # not ALWAYS
    assert not await same(main, await taken(main))


async def test_a_table_that_is_not_captured_at_all(main: Connection) -> None:
    before = await mark.look(main, ["public"])
    seen = await main.fetchval("SELECT pg_current_snapshot()::text")
    assert not await same(main, before.mark.of(seen, ["product", "other"]))


async def test_triggers_switched_off_and_on_again_are_noticed(main: Connection) -> None:
    then = await taken(main)
    await main.execute("ALTER TABLE product DISABLE TRIGGER USER; UPDATE product SET name = ''")
    await main.execute("ALTER TABLE product ENABLE ALWAYS TRIGGER cdc_capture_insert")
    for each in ("update", "delete", "truncate"):
        await main.execute(f"ALTER TABLE product ENABLE ALWAYS TRIGGER cdc_capture_{each}")
    assert not await same(main, then)


@pytest.mark.parametrize("ending", ["COMMIT", "ROLLBACK"])
async def test_a_transaction_that_ran_when_the_snapshot_was_taken(
    main: Connection, pair: Pair, ending: str
) -> None:
    writer = await pair.connect(Side.MAIN)
    await writer.execute("BEGIN; UPDATE product SET name = 'cue'")
    then = await taken(main)
    assert await same(main, then)  # it has not committed yet
    await writer.execute(ending)
    assert await same(main, then) is (ending == "ROLLBACK")


async def test_a_transaction_with_a_number_that_had_not_written_yet(main: Connection, pair: Pair) -> None:
    writer = await pair.connect(Side.MAIN)
    await writer.execute("BEGIN; SELECT pg_current_xact_id()")
    then = await taken(main)
    await writer.execute("UPDATE product SET name = 'cue'; COMMIT")
    assert not await same(main, then)


async def test_partitions_count_on_every_level(pair: Pair) -> None:
    await pair.main.execute(
        "CREATE TABLE product (id int PRIMARY KEY) PARTITION BY RANGE (id);"
        "CREATE TABLE product_1 PARTITION OF product FOR VALUES FROM (0) TO (10)"
    )
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    then = await taken(pair.main)
    assert await same(pair.main, then)
    await pair.main.execute("ALTER TABLE product_1 DISABLE TRIGGER cdc_capture_insert")
    assert not await same(pair.main, await taken(pair.main))


async def test_what_a_link_writes_is_noticed_though_no_changelog_has_it(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        then = await taken(both.main)
        await both.backup.execute("UPDATE product SET name = 'theirs'")
        await both.settle()
        assert await both.captured(Side.MAIN) == 0
        assert not await same(both.main, then)


def test_a_mark_that_says_too_little_is_none() -> None:
    for stored in (None, {}, [], {"epoch": "1"}, "x"):
        assert Mark.of_json(stored) is None
