from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from server.cron import fault, next_time


@pytest.mark.parametrize(
    "expression", ["* * * * *", "*/5 0-6 1,15 jan-mar mon", "0 3 * * 7", "59 23 31 12 0", "1-59/2 * * * *"]
)
def test_expressions_that_cron_takes(expression: str) -> None:
    assert fault(expression) is None


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("0 * * * * *", "6 fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day-of-month"),
        ("* * * foo *", "month"),
        ("* * * * 8", "day-of-week"),
        ("5-1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("*-3 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("0 0 30 2 *", "day-of-month"),
        ("0 0 30 2 *#", "day-of-week"),
    ],
)
def test_faults(expression: str, said: str) -> None:
    assert said in str(fault(expression))


def test_the_next_time_is_by_utc_wherever_we_are() -> None:
    at = datetime(2026, 3, 1, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    assert next_time("0 3 * * *", at) == datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert next_time("* * * * *", datetime(2026, 3, 1, tzinfo=UTC)) == datetime(2026, 3, 1, 0, 1, tzinfo=UTC)
