from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest

from cdc.errors import ConnectivityError, HistoryError, PositionBusy, PositionMoved
from server.health import (
    FIRST_DELAY,
    LONGEST_PROBE,
    SHORTEST_DELAY,
    Fault,
    Health,
    LinkState,
    classify,
    delay,
    describe,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ConnectivityError("away"), Fault.CONNECTIVITY),
        (ConnectionRefusedError(), Fault.CONNECTIVITY),
        (TimeoutError(), Fault.CONNECTIVITY),
        (asyncpg.AdminShutdownError("going down"), Fault.CONNECTIVITY),
        (asyncpg.DeadlockDetectedError("deadlock"), Fault.PASSING),
        (PositionMoved("moved"), Fault.PASSING),
        (PositionBusy("a restore is at work"), Fault.CONNECTIVITY),
        (ValueError("a bug"), Fault.PASSING),
        (HistoryError("replaced"), Fault.FINAL),
        (ExceptionGroup("", [ConnectivityError("away"), OSError()]), Fault.CONNECTIVITY),
        (ExceptionGroup("", [ConnectivityError("away"), ValueError()]), Fault.PASSING),
        (ExceptionGroup("", [ExceptionGroup("", [HistoryError("x")]), ValueError()]), Fault.FINAL),
    ],
)
def test_what_kind_of_failure_an_error_is(error: Exception, fault: Fault) -> None:
    assert classify(error) is fault


def test_it_stops_at_the_limit_and_says_so_once() -> None:
    health = Health(limit=3)
    alerts = [health.failed(ValueError("no"), NOW) for _ in range(5)]
    assert alerts == [False, False, True, False, False]
    assert (health.state, health.failures, health.gave_up) == (LinkState.STOPPED, 5, True)


def test_a_database_that_is_away_stops_it_but_it_goes_on_probing() -> None:
    health = Health(limit=2)
    assert [health.failed(ConnectivityError("away", hint="look"), NOW) for _ in range(3)] == [
        False,
        True,
        False,
    ]
    assert health.state is LinkState.STOPPED
    assert not health.gave_up
    assert (health.error, health.hint) == ("away", "look")
    assert health.succeeded()
    assert (health.state, health.failures, health.error) == (LinkState.STREAMING, 0, None)


def test_another_history_stops_it_at_once() -> None:
    health = Health(limit=5)
    assert health.failed(HistoryError("replaced"), NOW)
    assert health.gave_up


def test_resume_lets_it_try_again_from_nought() -> None:
    health = Health(limit=1)
    health.failed(ValueError("no"), NOW)
    health.forgiven()
    assert not health.gave_up
    assert (health.state, health.failures) == (LinkState.RECONNECTING, 0)
    assert health.total > 0  # what was, was


def test_the_first_success_is_news_and_the_next_is_not() -> None:
    health = Health(limit=5)
    assert [health.succeeded(), health.succeeded()] == [True, False]


def test_pauses_grow_and_are_capped_and_jittered() -> None:
    for failures in range(1, 40):
        pauses = [delay(failures, Fault.CONNECTIVITY) for _ in range(20)]
        assert min(pauses) >= SHORTEST_DELAY
        assert max(pauses) <= min(LONGEST_PROBE, FIRST_DELAY * 2**failures)
        assert len(set(pauses)) > 1


def test_messages_for_people() -> None:
    assert describe(ConnectivityError("MAIN is away", hint="start it")) == ("MAIN is away", "start it")
    assert describe(ValueError("x")) == ("ValueError: x", "")
    assert describe(ExceptionGroup("", [TimeoutError()])) == ("TimeoutError", "")
