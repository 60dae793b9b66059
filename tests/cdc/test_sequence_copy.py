"""Sequences after a copy: forward only, parity kept, and apart where both sides would give the same numbers."""

from __future__ import annotations

import pytest

from cdc.sequence_copy import SequenceState, copy_sequences, forward
from tests.databases import Pair


@pytest.mark.parametrize(
    ("source", "target", "setting"),
    [
        ((7, True, 1), (1, False, 1), (7, True)),
        ((7, False, 1), (1, False, 1), (7, False)),
        ((7, True, 1), (9, True, 1), None),
        ((7, True, 1), (7, True, 1), None),
        ((7, True, 2), (2, False, 2), (10, False)),
        ((8, True, 1), (1, True, 2), (9, False)),
        ((7, True, 2), (1, False, 2), (7, True)),
        ((-7, True, -1), (-1, False, -1), (-7, True)),
        ((-7, True, -1), (-9, True, -1), None),
        ((20, True, 1), (1, False, 50), (51, False)),
    ],
)
def test_where_a_sequence_is_moved(
    source: tuple[int, bool, int], target: tuple[int, bool, int], setting: tuple[int, bool] | None
) -> None:
    assert forward(SequenceState(*source), SequenceState(*target)) == setting


def test_a_copied_definition_takes_the_numbers_between() -> None:
    odd, fresh = SequenceState(7, called=True, increment=2), SequenceState(1, called=False, increment=2)
    assert forward(odd, fresh, apart=True) == (10, False)
    assert forward(odd, SequenceState(10, called=False, increment=2), apart=True) is None
    assert forward(odd, SequenceState(7, called=True, increment=1), apart=True) == (9, False)
    assert forward(odd, SequenceState(21, called=True, increment=2), apart=True) == (24, False)
    down = SequenceState(-7, called=True, increment=-2)
    assert forward(down, SequenceState(-21, called=True, increment=-2), apart=True) == (-24, False)


async def test_only_sequences_of_both_sides_move(pair: Pair) -> None:
    await pair.main.execute('CREATE SEQUENCE "A b"; CREATE SEQUENCE m; SELECT setval(\'"A b"\', 41)')
    await pair.backup.execute("CREATE SEQUENCE \"A b\"; CREATE SEQUENCE b; SELECT nextval('b')")
    assert await copy_sequences(pair.main, pair.backup, ["public"]) == 1
    assert await copy_sequences(pair.main, pair.backup, ["public"]) == 0
    assert await pair.backup.fetchval("SELECT nextval('\"A b\"')") == 42
    assert await pair.backup.fetchval("SELECT nextval('b')") == 2
