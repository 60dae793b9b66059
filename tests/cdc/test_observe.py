from __future__ import annotations

import json

from cdc import observe
from cdc.model import Side
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import synced
from triggers.install import install

TABLE = "CREATE TABLE product (id int PRIMARY KEY, name text)"


async def test_a_database_before_and_after_installing(pair: Pair) -> None:
    before = await observe.node(pair.main)
    assert (before.installed, before.side) == (False, None)
    assert before.version
    await install(pair.main, side="MAIN", schemas=["public"])
    after = await observe.node(pair.main)
    assert (after.installed, after.side, after.first_contact, after.working) == (
        True,
        Side.MAIN,
        "pending",
        False,
    )


async def test_the_working_lock_is_seen_by_others(pair: Pair) -> None:
    await install(pair.main, side="MAIN", schemas=["public"])
    other = await pair.connect(Side.MAIN)
    await other.execute("SELECT pg_advisory_lock(6513763, 2)")
    assert (await observe.node(pair.main)).working
    await other.close()


async def test_a_note_of_first_contact(pair: Pair) -> None:
    await install(pair.main, side="MAIN", schemas=["public"])
    note = {"tables": {"Product": {"different": 2}}}
    await pair.main.execute(
        "UPDATE cdc.node SET first_contact = 'choose', first_contact_note = $1", json.dumps(note)
    )
    found = await observe.node(pair.main)
    assert (found.first_contact, found.first_contact_note) == ("choose", note)


async def test_pending_changes_and_lag(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        facts = await observe.link_status(both.main, both.backup, Side.MAIN)
        assert (facts.placed, facts.pending, facts.lag_ms, facts.applied_total) == (True, 0, 0.0, 0)
        await both.main.execute("INSERT INTO product SELECT n, 'ball' FROM generate_series(1, 7) n")
        moment = await observe.moment(both.main)
        await both.main.execute("UPDATE product SET name = 'cue' WHERE id < 3")
        facts = await observe.link_status(both.main, both.backup, Side.MAIN)
        assert facts.pending == 9
        assert facts.lag_ms > 0
        upto = await observe.link_status(both.main, both.backup, Side.MAIN, upto=moment)
        assert upto.pending == 7
        await both.settle()
        facts = await observe.link_status(both.main, both.backup, Side.MAIN)
        assert (facts.pending, facts.lag_ms, facts.applied_total) == (0, 0.0, 9)
        assert facts.last_applied_at is not None
        assert (await observe.link_status(both.backup, both.main, Side.BACKUP)).pending == 0


async def test_an_open_transaction_at_the_source_is_counted_once_committed(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        writer = await pair.connect(Side.MAIN)
        transaction = writer.transaction()
        await transaction.start()
        await writer.execute("INSERT INTO product VALUES (1, 'late')")
        await both.main.execute("INSERT INTO product VALUES (2, 'early')")
        await both.settle()
        assert (await observe.link_status(both.main, both.backup, Side.MAIN)).pending == 0
        await transaction.commit()
        assert (await observe.link_status(both.main, both.backup, Side.MAIN)).pending == 1


async def test_a_row_that_is_put_off_is_pending(pair: Pair) -> None:
    async with synced(pair, TABLE + "; INSERT INTO product VALUES (1, 'ball')") as both:
        sitter = await pair.connect(Side.BACKUP)
        async with sitter.transaction():
            await sitter.execute("SELECT FROM product FOR UPDATE")
            await both.main.execute("UPDATE product SET name = 'cue'")
            moment = await observe.moment(both.main)
            await both.engine.step(Side.MAIN)
            for upto in (moment, None):
                facts = await observe.link_status(both.main, both.backup, Side.MAIN, upto=upto)
                assert facts.pending == 1
                assert facts.lag_ms > 0
            facts = await observe.link_status(both.backup, both.main, Side.BACKUP)
            assert (facts.pending, facts.lag_ms) == (0, 0.0)
        await both.settle()
        facts = await observe.link_status(both.main, both.backup, Side.MAIN)
        assert (facts.pending, facts.lag_ms) == (0, 0.0)


async def test_a_window_applied_in_pages(pair: Pair) -> None:

    async with synced(pair, TABLE, options=Options(batch_rows=4)) as both:
        await both.main.execute("INSERT INTO product SELECT n, 'ball' FROM generate_series(1, 10) n")
        await both.engine.step(Side.MAIN)
        assert (await observe.link_status(both.main, both.backup, Side.MAIN)).pending == 6


async def test_tables_that_wait(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.backup.execute(
            "INSERT INTO cdc.position (source, entity, epoch, seen, state, reason)"
            " SELECT source, 'product', epoch, seen, 'held', 'BACKUP lacks column x' FROM cdc.position"
        )
        facts = await observe.link_status(both.main, both.backup, Side.MAIN)
        assert facts.held == {"product": "BACKUP lacks column x"}


async def test_a_record_with_a_conflict_on_both_sides_counts_once(pair: Pair) -> None:
    async with synced(pair, TABLE + "; INSERT INTO product VALUES (1, 'a'), (2, 'a')") as both:
        await both.main.execute("UPDATE product SET name = 'main'")
        await both.backup.execute("UPDATE product SET name = 'backup'")
        await both.settle()
        found = await observe.open_conflicts(both.main, both.backup)
        assert len(found.records) == 2
        assert await observe.open_conflicts(both.main, both.backup, found) is found


async def test_the_changelogs_size_and_age(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        assert (await observe.changelog(both.main)).oldest_seconds == 0
        await both.main.execute("INSERT INTO product VALUES (1, 'a')")
        found = await observe.changelog(both.main)
        assert found.size > 0
        assert found.oldest_seconds > 0
