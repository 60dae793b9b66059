from __future__ import annotations

import pytest

from cdc.clock import KEPT, Clock, Offset, offset


def test_the_middle_of_a_round_trip() -> None:
    found = offset(100.0, 107.0, 104.0)
    assert (found.ahead, found.uncertainty) == (5.0, 2.0)


def test_two_servers_against_each_other() -> None:
    skew = Offset(-1.0, 0.1) - Offset(2.0, 0.2)
    assert skew.ahead == -3.0
    assert skew.uncertainty == pytest.approx(0.3)


def test_the_shortest_trip_of_late_counts() -> None:
    clock = Clock()
    assert clock.offset is None
    clock.note(Offset(9.0, 3.0))
    clock.note(Offset(1.0, 0.1))
    clock.note(Offset(5.0, 2.0))
    assert clock.offset == Offset(1.0, 0.1)
    for _ in range(KEPT):
        clock.note(Offset(5.0, 2.0))
    assert clock.offset == Offset(5.0, 2.0)
