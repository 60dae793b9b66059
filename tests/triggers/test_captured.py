from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from triggers.captured import Row, Stored, settle
from triggers.catalog import Relation

TABLES = st.sampled_from("abcd")


def relation(relid: int, table: str) -> Relation:
    return Relation(
        relid=relid,
        root=relid,
        schema="public",
        table=table,
        kind="r",
        persistence="p",
        owner="me",
        owned=True,
        extension=None,
        is_parent=False,
        parents=(),
        hidden=False,
        key_columns=("id",),
        key_immediate=True,
        triggers=(),
    )


def stored(number: int, table: str, now: str | None) -> Stored:
    row = Row(number, 100 + number, "public", table, ("id",))
    return Stored(row, None if now is None else ("public", now))


@given(
    st.lists(TABLES, unique=True),
    st.permutations("abcd"),
    st.sets(st.integers(0, 3)),
    st.sets(st.integers(0, 3)),
    st.sets(TABLES),
)
def test_whatever_is_renamed_dropped_and_made_names_stay_unique(
    before: list[str], after: list[str], dropped: set[int], unwanted: set[int], made: set[str]
) -> None:
    rows = [
        stored(number, table, None if number in dropped else after[number])
        for number, table in enumerate(before)
    ]
    alive = {row.now[1]: 100 + row.row.id for row in rows if row.now}
    wanted = [relation(relid, table) for table, relid in alive.items() if relid - 100 not in unwanted]
    fresh = [relation(200 + place, table) for place, table in enumerate(sorted(made - alive.keys()))]
    settled = settle(rows, wanted + fresh)
    assert settled.keys() == {row.row.id for row in rows}
    names = [row.name for row in settled.values()]
    assert len(set(names)) == len(names)
    relids = [row.relid for row in settled.values()]
    assert len(set(relids)) == len(relids)
    for each in wanted + fresh:
        held = [row for row in settled.values() if row.name == (each.schema, each.table)]
        assert all(row.relid == each.relid for row in held)
        assert held or each.relid >= 200


def test_a_table_made_anew_takes_its_predecessors_number() -> None:
    settled = settle([stored(1, "a", None)], [relation(900, "a")])
    assert settled == {1: Row(1, 900, "public", "a", ("id",))}
