"""Values change hands by way of nothing: what is let go is taken again, and a row that is needed stays."""

from __future__ import annotations

from datetime import UTC, datetime

from cdc.change import Change
from cdc.detours import detours
from cdc.model import Entity, Op
from cdc.shape import Column, ForeignKey, TableShape
from triggers.identifiers import type_name

TEXT = type_name("text")


def shape(*columns: str, fixed: str = "id", referred: str | None = None) -> TableShape:
    found = [
        Column(name, TEXT, TEXT, TEXT, generated=False, identity_always=False, not_null=name in fixed.split())
        for name in columns
    ]
    entity = Entity("public", "t")
    incoming = (
        [ForeignKey("f", Entity("public", "c"), entity, ("t",), (referred,), (TEXT,), cascades=False)]
        if referred
        else []
    )
    return TableShape(entity, 1, columns=found, incoming=incoming)


def update(old: str | None, new: str | None) -> Change:
    op = Op.INSERT if old is None else Op.DELETE if new is None else Op.UPDATE
    return Change(1, 0, datetime(2026, 1, 1, tzinfo=UTC), 1, op, ("id", "v"), old, new)


def ways(change: Change, table: TableShape) -> list[list[tuple[str, str | None, str | None]]]:
    return [
        [(each.op.value, each.old, each.new) for half in way for each in half]
        for way in detours([(change, table)])
    ]


ANEW = [("D", "(1,a)", None), ("I", None, "(1,b)")]


def test_a_value_that_may_be_null_is_for_a_moment() -> None:
    through_null = [("U", "(1,a)", "(1,)"), ("U", "(1,)", "(1,b)")]
    assert ways(update("(1,a)", "(1,b)"), shape("id", "v")) == [through_null, ANEW]
    assert ways(update("(1,a)", "(1,b)"), shape("id", "v", referred="id")) == [through_null]


def test_one_that_may_not_goes_with_its_row_unless_that_has_to_stay() -> None:
    change = update("(1,a)", "(1,b)")
    assert ways(change, shape("id", "v", fixed="id v")) == [ANEW]
    assert ways(change, shape("id", "v", fixed="id v", referred="id")) == []
    assert ways(change, shape("id", "v", "own", fixed="id v")) == []


def test_what_others_refer_to_is_not_let_go() -> None:
    assert ways(update("(1,a)", "(1,b)"), shape("id", "v", referred="v")) == []


def test_rows_that_go_do_so_first_and_rows_that_come_do_so_last() -> None:
    table = shape("id", "v", referred="id")
    pairs = [(update(None, "(1,a)"), table), (update("(2,a)", None), table)]
    way = next(detours(pairs))
    assert [[each.op for each in half] for half in way] == [[Op.DELETE], [Op.INSERT]]
