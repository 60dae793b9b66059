from __future__ import annotations

import pytest

from cdc.definition import Definition, Definitions
from cdc.model import Entity, Side
from cdc.renamed import gone, moves, renamed, unsettled
from cdc.shape import Shapes, TableShape

NOTED = {
    name: Definitions(
        {side: Definition({}, 0, relid=number) for side, number in zip(Side, relids, strict=True)}
    )
    for name, relids in {"s": (1, 11), "t": (2, 12)}.items()
}


def shapes(**relids: int) -> Shapes:
    found = {Entity("public", name): relid for name, relid in relids.items()}
    return {entity: TableShape(entity, relid) for entity, relid in found.items()}


@pytest.mark.parametrize(
    ("main", "backup", "new", "wait"),
    [
        pytest.param({"s": 1, "t": 2}, {"s": 11, "t": 12}, {}, set(), id="as_it_was"),
        pytest.param({"s": 1, "u": 2}, {"s": 11, "t": 12}, {}, {"t"}, id="one_side_first"),
        pytest.param({"s": 1, "u": 2}, {"s": 11, "u": 12}, {"t": "u"}, {"t", "u"}, id="both"),
        pytest.param({"s": 1, "u": 2}, {"s": 11, "v": 12}, {}, {"t"}, id="not_alike"),
        pytest.param({"s": 2, "t": 1}, {"s": 12, "t": 11}, {"s": "t", "t": "s"}, {"s", "t"}, id="exchanged"),
        pytest.param({"s": 2, "t": 1}, {"s": 11, "t": 12}, {}, {"s", "t"}, id="exchanged_on_one_side"),
        pytest.param(
            {"t": 1, "u": 2}, {"t": 11, "u": 12}, {"s": "t", "t": "u"}, {"s", "t", "u"}, id="moved_up"
        ),
        pytest.param({"s": 1, "u": 2, "t": 3}, {"s": 11, "t": 12}, {}, {"t"}, id="its_name_on_one_side"),
        pytest.param(
            {"s": 1, "u": 2, "t": 3}, {"s": 11, "v": 12, "t": 13}, {}, set(), id="made_anew_on_both"
        ),
        pytest.param({"s": 1, "t": 3}, {"s": 11, "v": 12, "t": 13}, {}, set(), id="and_dropped_on_one"),
        pytest.param({"s": 1}, {"s": 11}, {}, set(), id="dropped"),
        pytest.param({"s": 1, "t": 3}, {"s": 11, "t": 12}, {}, set(), id="dropped_and_made_anew"),
    ],
)
def test_what_waits_for_names(
    main: dict[str, int], backup: dict[str, int], new: dict[str, str], wait: set[str]
) -> None:
    sides = {Side.MAIN: shapes(**main), Side.BACKUP: shapes(**backup)}
    assert renamed(NOTED, sides) == new
    assert unsettled(NOTED, sides, {}) == wait
    assert moves(NOTED, new, {}) == new
    # BACKUP has done it already.
    half = {str(NOTED[name].sides[Side.MAIN].relid): each for name, each in new.items()}
    assert moves(NOTED, new, half) == {}
    assert unsettled(NOTED, sides, half) == wait


def test_what_only_backup_renamed_is_taken_back() -> None:
    sides = {Side.MAIN: shapes(s=1, t=2), Side.BACKUP: shapes(s=11, t=12)}
    half = {"1": "t", "2": "s"}
    assert moves(NOTED, {}, half) == {"t": "s", "s": "t"}
    assert unsettled(NOTED, sides, half) == {"s", "t"}


@pytest.mark.parametrize(
    ("main", "backup", "names"),
    [
        pytest.param({"s": 1}, {"s": 11}, {"t"}, id="on_both"),
        pytest.param({"s": 1}, {"s": 11, "t": 12}, set(), id="on_one"),
        pytest.param({"s": 1, "u": 2}, {"s": 11}, set(), id="renamed_on_the_other"),
        pytest.param({"s": 1, "t": 3}, {"s": 11, "t": 13}, set(), id="made_anew"),
    ],
)
def test_tables_that_are_gone(main: dict[str, int], backup: dict[str, int], names: set[str]) -> None:
    assert gone(NOTED, {Side.MAIN: shapes(**main), Side.BACKUP: shapes(**backup)}) == names
