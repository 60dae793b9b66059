from __future__ import annotations

from cdc.snapshot.format import TableHead
from cdc.snapshot.order import parents_first


def ordered(**references: str) -> list[str]:
    tables = [TableHead("public", name, (), (), tuple(words.split())) for name, words in references.items()]
    return [table.table for table in parents_first(tables)]


def test_parents_come_first_and_names_decide_otherwise() -> None:
    assert ordered(a="b", b="c", c="", d="") == ["c", "d", "b", "a"]


def test_a_table_may_refer_to_itself_and_to_one_that_is_not_there() -> None:
    assert ordered(tree="tree", leaf="tree gone") == ["tree", "leaf"]


def test_a_circle_is_cut_and_what_hangs_on_it_follows() -> None:
    assert ordered(team="staff", staff="team", shift="staff", house="") == ["house", "staff", "shift", "team"]
