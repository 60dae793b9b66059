"""How long a put-off row waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdc.model import Side
from cdc.pausing import FIRST_PAUSE_S, LONGEST_PAUSE_S, pause
from tests.databases import Pair
from tests.synced import synced


def test_pauses_double_and_are_capped() -> None:
    assert [pause(tries) / FIRST_PAUSE_S for tries in range(4)] == [1, 2, 4, 8]
    assert pause(1_000_000_000) == LONGEST_PAUSE_S


@given(st.integers(0, 1000))
def test_pauses_never_shrink(tries: int) -> None:
    assert 0 < pause(tries) <= pause(tries + 1) <= LONGEST_PAUSE_S


async def test_with_nothing_put_off_nothing_is_due(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY, v text)") as both:
        link = both.engine.links[Side.MAIN]
        await both.main.execute("INSERT INTO t VALUES (1, 'x')")
        await both.settle()
        assert await link.retry() is None
        await both.backup.execute("ALTER TABLE t ADD CHECK (v <> 'bad')")
        await both.main.execute("UPDATE t SET v = 'bad'")
        await both.settle()
        assert await link.retry() is not None


async def test_the_more_conflicts_wait_the_less_often_each_is_tried(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY, v text)") as both:
        await both.backup.execute("ALTER TABLE t ADD CHECK (v <> 'bad')")
        await both.main.execute("INSERT INTO t SELECT i, 'bad' FROM generate_series(1, 300) i")
        await both.settle()
        pauses = "SELECT min({0}), max({0}) FROM cdc.sync_state WHERE status = 'OPEN'"
        seconds = pauses.format("extract(epoch FROM next_try_at - updated_at)")
        first, last = await both.backup.fetchrow(seconds)
        # The first were tried when there were none; the last when there were more than two hundred.
        assert first < 10
        assert 20 < last <= 31 + 1
        await both.backup.execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp(), detected_at = detected_at - interval '1 day'"
        )
        while await both.engine.links[Side.MAIN].retry() == 0:
            pass
        first, last = await both.backup.fetchrow(seconds)
        assert 60 <= first <= last <= 61 + 1
        assert await both.backup.fetchval(pauses.format("tries")) == 2
