"""How long a put-off row waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cdc.retry import FIRST_PAUSE_S, LONGEST_PAUSE_S, pause


def test_pauses_double_and_are_capped() -> None:
    assert [pause(tries) / FIRST_PAUSE_S for tries in range(4)] == [1, 2, 4, 8]
    assert pause(1_000_000_000) == LONGEST_PAUSE_S


@given(st.integers(0, 1000))
def test_pauses_never_shrink(tries: int) -> None:
    assert 0 < pause(tries) <= pause(tries + 1) <= LONGEST_PAUSE_S
