from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cdc.model import Side
from cdc.stats import Options, Stats
from tests.databases import Pair
from tests.synced import synced

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_batch_is_counted_by_table_and_by_the_lags_of_its_changes() -> None:
    stats = Stats()
    written = [NOW - timedelta(seconds=4), NOW - timedelta(seconds=2)]
    stats.count(NOW, 50.5, written, {"product": 3, "sale": 1})
    stats.count(NOW, 50.9, [NOW], {"sale": 6})
    assert (stats.applied, stats.last_applied_at) == (10, NOW)
    assert stats.tables == {"product": 3, "sale": 7}
    found = stats.lags.percentiles(51.0)
    assert found is not None
    assert (found.p50, found.p95) == (0.0, 4.0)
    assert stats.rate.per_second(51.0) == 1.0


def test_a_source_whose_clock_is_wrong() -> None:
    stats = Stats(source_ahead=3600.0)
    stats.count(NOW, 1.0, [NOW + timedelta(seconds=3599)], {"product": 1})
    found = stats.lags.percentiles(1.0)
    assert found is not None
    assert found.p50 == 1.0


async def test_links_count_what_they_apply(pair: Pair) -> None:
    tables = "CREATE TABLE product (id int PRIMARY KEY); CREATE TABLE sale (id int PRIMARY KEY)"
    async with synced(pair, tables) as both:
        await both.main.execute("INSERT INTO product SELECT generate_series(1, 30)")
        await both.main.execute("INSERT INTO sale VALUES (1); DELETE FROM product WHERE id < 3")
        await both.engine.settle()
        main, backup = (both.engine.links[side].stats for side in Side)
        assert main.tables == {"product": 32, "sale": 1}
        assert (main.applied, round(sum(main.lags.counts), 6)) == (33, 33)
        assert main.lags.total_s > 0
        assert backup.tables == {}


async def test_a_large_window_is_counted_whole(pair: Pair) -> None:
    async with synced(
        pair, "CREATE TABLE product (id int PRIMARY KEY)", options=Options(batch_rows=10)
    ) as both:
        await both.main.execute("INSERT INTO product SELECT generate_series(1, 95)")
        await both.engine.settle()
        assert both.engine.links[Side.MAIN].stats.tables == {"product": 95}
