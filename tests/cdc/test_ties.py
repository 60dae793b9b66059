"""What hangs together: nothing that belongs together is parted, and nothing else holds anything up."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from cdc.change import Change
from cdc.model import Entity, Op
from cdc.ties import PATIENCE, Behind, behind, is_shown, knots, standing, touching, unrelated

_WAITS = st.dictionaries(
    st.integers(0, 12), st.lists(st.integers(0, 16), max_size=3, unique=True), max_size=13
)


def change(seq: int, table: int, op: Op = Op.INSERT) -> Change:
    return Change(seq, 1, datetime(2026, 1, 1, tzinfo=UTC), table, op, ("id",), None, "(1)")


def test_tables_without_foreign_keys_between_them_go_apart() -> None:
    entities = {number: Entity("public", f"t{number}") for number in range(3)}
    changes = [change(1, 0), change(2, 1), change(3, 0), change(4, 2)]
    parts = unrelated(changes, entities, {})
    assert [[each.seq for each in part] for part in parts] == [[1, 3], [2], [4]]
    truncated = [*changes, change(5, 1, Op.TRUNCATE)]
    assert unrelated(truncated, entities, {}) == [truncated]


@given(
    st.lists(st.sets(st.sampled_from("abcdef"), min_size=1, max_size=2), min_size=1, max_size=12), st.data()
)
def test_a_row_is_followed_from_key_to_key_and_nothing_else(
    keys: list[set[str]], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(keys) - 1))
    found = touching(keys, place)
    inside = set().union(*(keys[at] for at in found))
    assert place in found
    assert found == sorted(set(found))
    for at, names in enumerate(keys):
        assert (at in found) == bool(names & inside)
    # All of it is reached from the first change: no part of it stands alone.
    reached = set(keys[place])
    for _ in found:
        reached |= set().union(*(keys[at] for at in found if keys[at] & reached))
    assert reached == inside


@given(_WAITS)
def test_knots_wait_for_nobody_else_and_are_complete(waits: dict[int, list[int]]) -> None:
    groups = knots(waits)
    members = [key for group in groups for key in group]
    assert len(members) == len(set(members))
    for group in groups:
        assert all(other in group for key in group for other in waits[key])
    # The largest such set: whatever is left out waits for something that is left out, or is no entry.
    for key in waits.keys() - set(members):
        assert any(other not in members for other in waits[key])


def test_a_shift_is_one_knot_unless_its_end_is_taken() -> None:
    shift = {1: [2], 2: [3], 3: [4], 4: list[int]()}
    assert knots(shift) == [[1, 2, 3, 4]]
    assert knots(shift | {4: [99]}) == []
    assert knots({1: [2], 2: [1], 3: [], 4: [99]}) == [[1, 2], [3]]


@given(_WAITS, st.sets(st.integers(0, 16), max_size=5))
def test_behind_is_what_leads_to_a_goal(waits: dict[int, list[int]], goals: set[int]) -> None:
    found = behind(waits, goals)
    for key, others in waits.items():
        assert (key in found) == any(other in goals or other in found for other in others)
    assert behind(waits, set()) == set()


@given(
    _WAITS,
    st.sets(st.integers(0, 16), max_size=5),
    st.sets(st.integers(0, 16), max_size=3),
    st.integers(0, 2 * PATIENCE),
)
def test_what_waits_for_a_transaction_is_never_shown_and_all_else_is(
    waits: dict[int, list[int]], put_off: set[int], held: set[int], tries: int
) -> None:
    found = standing(waits, put_off, held)
    assert found.keys() == waits.keys()
    for key, others in waits.items():
        waiting = any(other in held or found.get(other) is Behind.HELD for other in others)
        assert (found[key] is Behind.HELD) == waiting
        assert not (waiting and is_shown(tries, found[key]))
        # Nothing that is refused stays unseen: not at once, or not for more than some tries.
        assert waiting or is_shown(PATIENCE, found[key])
        if not others:
            assert is_shown(tries, found[key])
