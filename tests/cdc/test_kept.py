from __future__ import annotations

import pytest

from cdc.definition import Definition
from cdc.kept import kept_names, moved_names
from cdc.model import Entity
from cdc.shape import Column, TableShape
from triggers.identifiers import type_name

TEXT = type_name("text")


def shape(names: dict[str, int], relid: int = 1) -> TableShape:
    columns = [
        Column(name, TEXT, TEXT, TEXT, generated=name == "g", identity_always=False, number=number)
        for name, number in names.items()
    ]
    return TableShape(Entity("public", "t"), relid, columns)


BEFORE = Definition.of(shape({"id": 1, "a": 2, "b": 3, "c": 4, "g": 5}))


@pytest.mark.parametrize(
    ("now", "names", "found", "moved"),
    [
        pytest.param({"id": 1, "z": 2, "b": 3, "c": 4}, "id a b c", "id1 z2 b3 c4", "a", id="renamed"),
        pytest.param({"id": 1, "z": 2, "b": 3, "c": 4}, "id z b c", "id1 z2 b3 c4", "a", id="known_as_it_is"),
        pytest.param({"id": 1, "z": 2, "b": 3, "c": 4}, "id a", "id1 z2", "a", id="of_fewer_columns"),
        pytest.param({"id": 1, "b": 2, "a": 3, "c": 4}, "id a b c", "id1 b2 a3 c4", "a b", id="exchanged"),
        pytest.param({"id": 1, "b": 2, "a": 3, "c": 4}, "id b a c", "id1 b2 a3 c4", "a b", id="and_known"),
        pytest.param({"id": 1, "b": 2, "a": 3, "c": 4}, "id b a", "id1 b2 a3", "a b", id="and_known_in_part"),
        pytest.param(
            {"id": 1, "a": 3, "c": 4}, "id a b c", "id1 a3 c4", "a b", id="given_a_dropped_ones_name"
        ),
        pytest.param(
            {"id": 1, "a": 3, "c": 4}, "id|a (dropped)|a|c", "id1 a3 c4", "a b", id="and_known_as_dropped"
        ),
        pytest.param({"id": 1, "a": 2, "c": 4, "d": 6}, "id a b c", "id1 a2 c4", "b", id="dropped_and_added"),
        pytest.param({"id": 1, "a": 2, "b": 3, "c": 4, "d": 6}, "id a b c", "id1 a2 b3 c4", "", id="added"),
        pytest.param({"id": 1, "z": 2, "g": 5}, "id a b c g", "id1 z2 g5", "a b c", id="computed"),
        pytest.param({"id": 1, "z": 2, "g": 6}, "id a b c g", "id1 z2", "a b c", id="computed_no_more"),
    ],
)
def test_columns_of_an_image(now: dict[str, int], names: str, found: str, moved: str) -> None:
    image = names.split("|") if "|" in names else names.split()
    assert " ".join(f"{name}{place}" for name, place in kept_names(BEFORE, shape(now), image)) == found
    assert moved_names(BEFORE, shape(now)) == {*moved.split()}


def test_a_table_that_was_made_anew_is_taken_by_names() -> None:
    now = shape({"c": 1, "a": 2, "id": 3}, relid=2)
    assert kept_names(BEFORE, now, ["id", "a", "b", "c"]) == [("c", 4), ("a", 2), ("id", 1)]
    assert moved_names(BEFORE, now) == {"id", "a", "b", "c"}
