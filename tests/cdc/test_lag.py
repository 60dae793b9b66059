from __future__ import annotations

import pytest

from cdc.lag import BOUNDS, RECENT_S, SAMPLES, WINDOW_S, Lags, Rate


def test_percentiles_weigh_each_sample_by_the_changes_it_stands_for() -> None:
    lags = Lags()
    lags.add(1.0, [0.001], 98)
    lags.add(2.0, [4.0], 2)
    found = lags.percentiles(3.0)
    assert found is not None
    assert (found.p50, found.p95, found.p99) == (0.001, 0.001, 4.0)
    assert found.as_json() == {"p50": 1.0, "p95": 1.0, "p99": 4000.0}


def test_percentiles_are_of_late() -> None:
    lags = Lags()
    assert lags.percentiles(0.0) is None
    lags.add(0.0, [60.0], 1_000_000)
    lags.add(10.0, [0.5], 1)
    found = lags.percentiles(RECENT_S + 1)
    assert found is not None
    assert found.p99 == 0.5
    assert lags.percentiles(RECENT_S * 2) is None


def test_memory_is_bounded() -> None:
    lags, rate = Lags(), Rate()
    for n in range(SAMPLES * 3):
        lags.add(float(n) / 1000, [0.1, 0.2], 2)
        rate.add(float(n), 1)
    assert len(lags._samples) == SAMPLES
    assert len(rate._seconds) == WINDOW_S + 1


@pytest.mark.parametrize(("seconds", "bucket"), [(-5.0, 0), (0.001, 0), (0.0011, 1), (9e9, len(BOUNDS))])
def test_a_lag_is_in_the_bucket_whose_bound_it_does_not_exceed(seconds: float, bucket: int) -> None:
    lags = Lags()
    lags.add(1.0, [seconds], 3)
    assert [index for index, count in enumerate(lags.counts) if count] == [bucket]
    assert sum(lags.counts) == 3
    assert lags.total_s == pytest.approx(max(seconds, 0) * 3)


def test_changes_a_second_over_whole_seconds() -> None:
    rate = Rate()
    assert rate.per_second(100.0) == 0
    for second in range(WINDOW_S):
        rate.add(100 + second + 0.3, 40)
        rate.add(100 + second + 0.7, 60)
    end = 100.0 + WINDOW_S
    assert rate.per_second(end) == 100
    assert rate.per_second(end + WINDOW_S / 2) == 50
    assert rate.per_second(end + WINDOW_S) == 0
