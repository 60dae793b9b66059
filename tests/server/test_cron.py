from __future__ import annotations

import pytest

from server.cron import fault


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
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * foo *", "month"),
        ("* * * * 8", "day of the week"),
        ("5-1 * * * *", "minute"),
        ("*/0 * * * *", "minute"),
        ("*-3 * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
    ],
)
def test_faults(expression: str, said: str) -> None:
    assert said in str(fault(expression))
