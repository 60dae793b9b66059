from __future__ import annotations

import asyncpg
import pytest

from cdc import prune as module
from cdc.history import load_position
from cdc.model import Side
from cdc.prune import forget_decisions, prune
from tests.databases import Pair
from tests.synced import Synced, synced

TABLE = "CREATE TABLE t (id int PRIMARY KEY, v text)"


async def pruned(both: Synced, kept_s: float = 0) -> int:
    return await prune(both.main, both.backup, Side.MAIN, kept_s=kept_s)


async def numbers(both: Synced) -> list[int]:
    return [row["seq"] for row in await both.main.fetch("SELECT seq FROM cdc.changelog ORDER BY seq")]


async def test_what_was_applied_goes_and_the_last_change_stays(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.main.execute("INSERT INTO t SELECT generate_series(1, 9)")
        await both.main.execute("UPDATE t SET v = 'x' WHERE id = 1")
        assert await pruned(both) == 0  # nothing was applied yet
        await both.settle()
        await both.main.execute("UPDATE t SET v = 'y' WHERE id = 1")
        before = await numbers(both)
        assert await pruned(both) == 9
        assert await numbers(both) == before[-2:]  # the last one applied, and one still to apply
        await both.reopen()
        await both.settle()
        await both.assert_equal("t")
        assert await pruned(both) == 1
        assert await pruned(both) == 0
        await load_position(pair.main, pair.backup, Side.MAIN)


async def test_young_changes_are_kept_for_looking_back(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.main.execute("INSERT INTO t VALUES (1), (2), (3)")
        await both.settle()
        assert await pruned(both, kept_s=300) == 0
        assert await pruned(both, kept_s=0) == 2


async def test_what_an_open_transaction_may_precede_stays(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        slow = await pair.connect(Side.MAIN)
        transaction = slow.transaction()
        await transaction.start()
        await slow.execute("INSERT INTO t VALUES (1)")
        await both.main.execute("INSERT INTO t VALUES (2), (3)")
        await both.settle()
        assert await pruned(both) == 0
        await transaction.commit()
        await both.settle()
        await both.assert_equal("t")
        assert await pruned(both) == 2


async def test_a_table_that_waits_keeps_what_it_needs(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.main.execute("INSERT INTO t VALUES (1), (2)")
        await both.settle()
        await both.backup.execute(
            "INSERT INTO cdc.position (source, entity, epoch, seen, state)"
            " SELECT source, 'other', epoch, seen, 'held' FROM cdc.position"
        )
        await both.main.execute("INSERT INTO t VALUES (3), (4), (5)")
        await both.settle()
        assert await pruned(both) == 2
        await both.backup.execute("DELETE FROM cdc.position WHERE entity = 'other'")
        assert await pruned(both) == 2


async def test_in_small_batches_and_not_without_end(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 10)
    monkeypatch.setattr(module, "ROUNDS", 3)
    async with synced(pair, TABLE) as both:
        await both.main.execute("INSERT INTO t SELECT generate_series(1, 51)")
        await both.settle()
        assert [await pruned(both) for _ in range(3)] == [30, 20, 0]


async def test_each_side_is_told_what_the_other_has(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.main.execute("INSERT INTO t VALUES (1)")
        await both.settle()
        await pruned(both)
        seen = await both.backup.fetchval("SELECT seen::text FROM cdc.position WHERE source = 'MAIN'")
        assert await both.main.fetchval("SELECT consumed_through::text FROM cdc.node") == seen


async def test_a_position_of_another_history_prunes_nothing(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.main.execute("INSERT INTO t VALUES (1), (2)")
        await both.settle()
        await both.main.execute("UPDATE cdc.node SET token = gen_random_uuid()")
        assert await pruned(both) == 0
        assert await both.main.fetchval("SELECT consumed_through FROM cdc.node") is None
        assert len(await numbers(both)) == 2


async def test_without_a_link_nothing_is_pruned(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.main.execute("INSERT INTO t VALUES (1)")
        await both.settle()
        await both.backup.execute("DELETE FROM cdc.position")
        assert await pruned(both) == 0


async def test_a_target_that_is_not_installed_is_an_error(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.backup.execute("DROP SCHEMA cdc CASCADE")
        with pytest.raises(asyncpg.UndefinedTableError):
            await pruned(both)


async def test_decisions_are_kept_as_long_as_they_are_asked_for(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await both.main.execute(
            "INSERT INTO cdc.sync_state (source, entity, entity_id, type, status, resolved_at, unfinished, subsumed)"
            " SELECT 'BACKUP', 't', i::text, 'INSERT_EXISTS', CASE WHEN i = 1 THEN 'OPEN' ELSE 'RESOLVED' END,"
            "        CASE WHEN i > 1 THEN now() - i * interval '10 days' END, i = 6,"
            "        CASE WHEN i = 7 THEN pg_current_snapshot() END"
            " FROM generate_series(1, 7) i"
        )
        assert await forget_decisions(both.main, days=35) == 2
        rows = await both.main.fetch("SELECT entity_id FROM cdc.sync_state ORDER BY id")
        assert [row["entity_id"] for row in rows] == ["1", "2", "3", "6", "7"]
