from __future__ import annotations

import pytest

from tests.bench.__main__ import arguments, measured
from tests.bench.lag import percentile
from tests.bench.measures import MEASURES
from tests.bench.report import GOALS, SUBJECTS, Goal, Report
from tests.bench.sizes import Sizes
from tests.databases import servers_parent

TINY = Sizes(500, 0.4, 200, 1, 500, 1, 500)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 3.0, 5.0, 5.0]


def test_a_ratio_is_the_median_of_pairs_measured_together() -> None:
    report = Report(TINY)
    for ours, native in ((10, 5), (40, 10), (3, 1)):
        report.add("ours", {"lag p50": ours})
        report.add("native", {"lag p50": native})
    assert report.ratio(Goal("lag p50", "ours", "native")) == 3
    assert report.ratio(Goal("lag p50", "ours", "none")) is None


def test_goals_have_a_direction() -> None:
    assert Goal("x", "ours", "native", 2.0).kept(1.9) is True
    assert Goal("x", "ours", "native", 2.0).kept(2.1) is False
    assert Goal("x", "ours", "native", 2.0, at_most=False).kept(2.1) is True
    assert Goal("x", "ours", "native").kept(2.1) is None


def test_the_command_line_refuses_what_it_does_not_know() -> None:
    assert arguments(["--only", "lag,bulk"]).only == ["lag", "bulk"]
    with pytest.raises(SystemExit):
        arguments(["--only", "speed"])


@pytest.mark.timeout(900)
async def test_everything_can_be_measured() -> None:
    # Real figures need a real disk; that they can be had does not.
    report = await measured(TINY, list(MEASURES), list(SUBJECTS), servers_parent())
    assert report.failures == []
    assert [goal for goal in GOALS if report.ratio(goal) is None] == []
