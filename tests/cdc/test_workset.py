"""Runs of a batch: nothing lost, nothing passes a TRUNCATE, every table in its own order."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from cdc.change import Change
from cdc.model import Entity, Op
from cdc.shape import ForeignKey, TableShape
from cdc.workset import Run, parents_first, runs

NOW = datetime(2025, 1, 1, tzinfo=UTC)


@st.composite
def batches(draw: st.DrawFn) -> list[Change]:
    kinds = draw(
        st.lists(
            st.tuples(st.integers(1, 3), st.sampled_from("IUDT"), st.sampled_from([("a",), ("a", "b")])),
            max_size=14,
        )
    )
    return [
        Change(seq, 7, NOW, table, Op(op), () if op == "T" else columns, None, None)
        for seq, (table, op, columns) in enumerate(kinds)
    ]


def changes_of(run: Run) -> list[Change]:
    return [*run.truncated, *(change for part in run.tables for change in part.changes)]


@given(batches())
def test_nothing_is_lost_or_doubled(changes: list[Change]) -> None:
    found = [change for run in runs(changes) for change in changes_of(run)]
    assert sorted(found, key=lambda change: change.seq) == changes


@given(batches())
def test_each_table_keeps_its_order(changes: list[Change]) -> None:
    found = [change for run in runs(changes) for change in changes_of(run)]
    for table in (1, 2, 3):
        order = [change.seq for change in found if change.table_id == table]
        assert order == sorted(order)


@given(batches())
def test_nothing_passes_a_truncate(changes: list[Change]) -> None:
    found = runs(changes)
    kinds = [bool(run.truncated) for run in found]
    assert (
        kinds == [key for key, _ in groupby(change.op is Op.TRUNCATE for change in changes)]
        or len({change.columns for change in changes if change.op is not Op.TRUNCATE}) > 1
    )
    last = -1
    for run in found:
        numbers = [change.seq for change in changes_of(run)]
        assert not (run.tables and run.truncated)
        assert min(numbers) > last
        last = max(numbers)


@given(batches())
def test_a_part_has_one_list_of_columns(changes: list[Change]) -> None:
    for run in runs(changes):
        numbers = [part.table_id for part in run.tables]
        assert len(set(numbers)) == len(numbers)
        for part in run.tables:
            assert {change.columns for change in part.changes} == {part.columns}
            assert list(zip(*part.arguments(), strict=True)) == [
                (change.seq, str(change.txid), change.old, change.new) for change in part.changes
            ]


NAMES = [Entity("public", name) for name in "abcd"]


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=6),
    st.sets(st.sampled_from(NAMES)),
)
def test_parents_come_before_children(references: list[tuple[Entity, Entity]], wanted: set[Entity]) -> None:
    shapes = {name: TableShape(name, 1) for name in NAMES}
    for child, parent in references:
        shapes[child].outgoing.append(ForeignKey("fk", child, parent, ("p",), ("id",), (), cascades=False))
    order = parents_first(shapes, sorted(wanted, key=str))
    assert set(order) == wanted
    assert len(order) == len(wanted)
    # Without a circle among the references every parent comes first.
    if all(str(parent) < str(child) for child, parent in references):
        for child, parent in references:
            if {child, parent} <= wanted:
                assert order.index(parent) < order.index(child)
