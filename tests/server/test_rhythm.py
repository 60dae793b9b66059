from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.rhythm import Rhythm

NOW = datetime(2026, 3, 10, 12, 30, 15, tzinfo=UTC)
EVERY_MINUTE, NIGHTLY = Rhythm(60), Rhythm(60, "0 3 * * *")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize("rhythm", [EVERY_MINUTE, NIGHTLY])
def test_the_first_one_is_due_at_once(rhythm: Rhythm) -> None:
    assert rhythm.due(None, NOW) == NOW


def test_the_next_one_is_reckoned_from_when_the_last_one_began() -> None:
    assert EVERY_MINUTE.due(ago(20), NOW) == NOW + timedelta(seconds=40)
    assert NIGHTLY.due(ago(20), NOW) == datetime(2026, 3, 11, 3, tzinfo=UTC)


@pytest.mark.parametrize("rhythm", [EVERY_MINUTE, NIGHTLY])
def test_any_number_of_missed_ones_is_one_that_is_due_now(rhythm: Rhythm) -> None:
    assert rhythm.due(ago(10 * 86400), NOW) == NOW


def test_a_clock_that_was_set_back_does_not_stop_backups() -> None:
    assert EVERY_MINUTE.due(ago(-86400), NOW) == NOW + timedelta(seconds=60)
    assert NIGHTLY.due(ago(-86400 * 9), NOW) == datetime(2026, 3, 11, 3, tzinfo=UTC)


def test_gaps_and_alarms() -> None:
    assert EVERY_MINUTE.gap(NOW) == timedelta(minutes=1)
    assert NIGHTLY.gap(NOW) == timedelta(days=1)
    assert EVERY_MINUTE.alarm(NOW) == NOW + timedelta(minutes=3, seconds=30)
    assert NIGHTLY.alarm(NOW) == datetime(2026, 3, 13, 3, 0, 30, tzinfo=UTC)
