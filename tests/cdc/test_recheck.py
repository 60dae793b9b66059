"""What comparing a key on both sides leads to, and when it may be compared."""

from __future__ import annotations

from itertools import product

import pytest

from cdc.pairing import Row
from cdc.position import Seen
from cdc.recheck import Finding, Readings, find, passed

NOWHERE = Seen.parse("1:1:")
NEVER = Readings(None, None, armed=False)


def row(common: str | None) -> Row:
    return Row(None if common is None else {"id": common}, common, NOWHERE)


@pytest.mark.parametrize("common", [None, "(1)"])
def test_equal_rows_end_it(common: str | None) -> None:
    for earlier in (NEVER, Readings(None, "(1)", armed=True)):
        assert find(earlier, row(common), row(common)) is Finding.EQUAL


def test_the_first_difference_is_only_remembered() -> None:
    assert find(NEVER, row("(1)"), row("(2)")) is Finding.ARM
    assert find(NEVER, row(None), row("(2)")) is Finding.ARM


def test_the_same_difference_again_is_a_conflict() -> None:
    for here, there in product((None, "(1)", "(2)"), repeat=2):
        if here != there:
            assert find(Readings(here, there, armed=True), row(here), row(there)) is Finding.DIFFERENT


def test_a_row_that_moved_between_the_comparisons_starts_over() -> None:
    assert find(Readings("(1)", "(2)", armed=True), row("(1)"), row("(3)")) is Finding.ARM
    assert find(Readings("(1)", "(2)", armed=True), row(None), row("(2)")) is Finding.ARM
    assert find(Readings(None, "(2)", armed=True), row("(0)"), row("(2)")) is Finding.ARM


def test_both_links_must_have_passed_what_was_done() -> None:
    early, late = Seen.parse("5:5:"), Seen.parse("9:9:")
    waiting = {"here_seen": str(early), "there_seen": None}
    armed = {"here_seen": str(early), "there_seen": str(late)}
    assert passed(waiting, early, None)  # type: ignore[arg-type]
    assert passed(waiting, late, early)  # type: ignore[arg-type]
    assert not passed(waiting, Seen.parse("4:4:"), late)  # type: ignore[arg-type]
    assert passed(armed, late, late)  # type: ignore[arg-type]
    assert not passed(armed, late, early)  # type: ignore[arg-type]
    assert not passed(armed, Seen.parse("4:9:4"), late)  # type: ignore[arg-type]


def test_one_way_there_is_nothing_to_wait_for_on_the_way_back() -> None:
    row = {"here_seen": "5:5:", "there_seen": "7:7:"}
    assert passed(row, None, Seen.parse("7:7:"))  # type: ignore[arg-type]
    assert not passed(row, None, Seen.parse("6:6:"))  # type: ignore[arg-type]
    assert passed(row, None, None)  # type: ignore[arg-type]
