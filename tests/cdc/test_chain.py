"""Changes of one key in an order that chains, beside a search through all orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise, permutations

from hypothesis import given
from hypothesis import strategies as st

from cdc.chain import Segment, State, Step, segments

STATES = (None, "a", "b", "c")
states = st.sampled_from(STATES)
changes = st.tuples(states, states)


def steps_of(*groups: Iterable[tuple[State, State]]) -> list[Step]:
    """Each group is a transaction."""
    return [Step(100 + i, *change) for i, group in enumerate(groups) for change in group]


def chains(order: Sequence[tuple[State, State]]) -> bool:
    return all(left[1] == right[0] for left, right in pairwise(order))


def ends(group: Sequence[tuple[State, State]]) -> set[tuple[State, State]]:
    """First and last state of every order that chains."""
    return {(order[0][0], order[-1][1]) for order in permutations(group) if chains(order)}


@given(st.lists(changes, min_size=1, max_size=6))
def test_the_only_ends_that_fit_are_found(group: list[tuple[State, State]]) -> None:
    found = segments(steps_of(group))
    possible = ends(group)
    if len(possible) == 1:
        before, after = possible.pop()
        assert found == ([] if before == after else [Segment(before, after)])
    elif not possible:
        assert not any(segment.certain for segment in found)


@given(st.lists(changes, min_size=1, max_size=6))
def test_what_is_certain_is_the_ends_of_some_order(group: list[tuple[State, State]]) -> None:
    for segment in segments(steps_of(group)):
        if segment.certain:
            assert (segment.before, segment.after) in ends(group)


@given(st.lists(st.lists(changes, min_size=1, max_size=4), max_size=4))
def test_no_state_is_invented(groups: list[list[tuple[State, State]]]) -> None:
    known = {state for group in groups for change in group for state in change}
    for segment in segments(steps_of(*groups)):
        assert {segment.before, segment.after} <= known


@given(
    st.lists(states, min_size=2, max_size=8), st.lists(st.booleans(), min_size=7, max_size=7), st.randoms()
)
def test_a_true_history_shuffled_within_transactions_ends_where_it_ended(
    history: list[State], cuts: list[bool], random: st.DataObject
) -> None:
    """Whatever the order inside each transaction: the last state is right, or it is said to be uncertain."""
    groups: list[list[tuple[State, State]]] = [[]]
    for change, cut in zip(pairwise(history), cuts, strict=False):
        if cut and groups[-1]:
            groups.append([])
        groups[-1].append(change)
    for group in groups:
        random.shuffle(group)  # type: ignore[attr-defined]
    found = segments(steps_of(*groups))
    if all(segment.certain for segment in found) and found:
        assert found[-1].after == history[-1]


@given(st.lists(states, min_size=2, max_size=8))
def test_changes_in_true_order_become_one(history: list[State]) -> None:
    expected = [] if history[0] == history[-1] else [Segment(history[0], history[-1])]
    assert segments([Step(i, *change) for i, change in enumerate(pairwise(history))]) == expected
    assert segments([Step(7, *change) for change in pairwise(history)]) == expected


def test_a_write_that_was_not_captured_breaks_the_chain() -> None:
    assert segments(steps_of([("a", "b")], [("c", "d")])) == [Segment("a", "b"), Segment("c", "d")]


def test_an_insert_logged_after_its_own_update() -> None:
    assert segments(steps_of([("a", "b"), (None, "a")])) == [Segment(None, "b")]


def test_a_key_taken_over_before_it_was_given_up() -> None:
    """UPDATE t SET id = id + 1: the new owner is logged first."""
    assert segments(steps_of([(None, "b"), ("a", None)])) == [Segment("a", "b")]


def test_a_circle_comes_to_nothing_wherever_it_starts() -> None:
    """An insert, its trigger's update, and a delete; then what comes after it goes on from before it."""
    circle: list[tuple[State, State]] = [("a", "b"), (None, "a"), ("b", None)]
    assert segments(steps_of(circle)) == []
    assert segments(steps_of([("z", None)], circle, [(None, "c")])) == [Segment("z", "c")]


def test_groups_are_transactions() -> None:
    steps = steps_of([("a", "b")], [("c", "a"), ("b", "c")])
    assert [key for key, _ in groupby(steps, key=lambda step: step.txid)] == [100, 101]
    assert segments(steps) == []
