"""The verdict on a net change, for every combination of facts."""

from __future__ import annotations

from itertools import product

import pytest

from cdc.detect import Facts, Verdict, detect, is_ahead
from cdc.model import ConflictType, Image

ABSENT, BEFORE, AFTER, OTHER = "no row", "the old row", "the new row", "another row"
INSERT, UPDATE, DELETE = (False, True), (True, True), (True, False)

TABLE = {
    (INSERT, ABSENT): Verdict.APPLY,
    (INSERT, AFTER): Verdict.ALREADY_THERE,
    (INSERT, OTHER): ConflictType.INSERT_EXISTS,
    (UPDATE, ABSENT): ConflictType.UPDATE_MISSING,
    (UPDATE, BEFORE): Verdict.APPLY,
    (UPDATE, AFTER): Verdict.ALREADY_THERE,
    (UPDATE, OTHER): ConflictType.UPDATE_ORIGIN_DIFFERS,
    (DELETE, ABSENT): Verdict.GONE,
    (DELETE, BEFORE): Verdict.APPLY,
    (DELETE, OTHER): ConflictType.DELETE_ORIGIN_DIFFERS,
}


@pytest.mark.parametrize(("change", "current"), list(TABLE))
def test_the_table_of_the_design(change: tuple[bool, bool], current: str) -> None:
    facts = Facts(
        *change, present=current != ABSENT, same_as_before=current == BEFORE, same_as_after=current == AFTER
    )
    assert detect(facts) == TABLE[change, current]


def test_a_change_that_comes_to_nothing_is_gone() -> None:
    for present in (False, True):
        facts = Facts(
            has_before=False, has_after=False, present=present, same_as_before=False, same_as_after=False
        )
        assert detect(facts) is Verdict.GONE


def test_a_row_like_both_images_is_already_there() -> None:
    facts = Facts(has_before=True, has_after=True, present=True, same_as_before=True, same_as_after=True)
    assert detect(facts) is Verdict.ALREADY_THERE


def test_nothing_is_written_over_a_row_that_is_not_the_old_one() -> None:
    for facts in (Facts(*flags) for flags in product((False, True), repeat=5)):
        if detect(facts) is Verdict.APPLY:
            assert not facts.present or (facts.has_before and facts.same_as_before)
            assert facts.present or not facts.has_before


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        ({"parent": "9", "v": "x"}, True),
        ({"parent": "9", "v": "x", "own": "1"}, True),
        ({"parent": "7", "v": "x"}, False),
        ({"parent": "9", "v": "z"}, False),
        ({"parent": "9", "v": "y"}, False),
        (None, False),
    ],
)
def test_a_row_that_followed_its_parent_is_ahead(current: Image | None, *, expected: bool) -> None:
    before, after = {"parent": "3", "v": "x"}, {"parent": "9", "v": "y"}
    assert is_ahead(before, after, current, {"parent"}) is expected
    assert not is_ahead(None, after, current, {"parent"})
