from __future__ import annotations

from dataclasses import replace

import pytest

from triggers.catalog import Catalog, Number, Relation
from triggers.choice import MIGRATION_TABLES, TableReport, choose, unknown

PLAIN = Relation(
    relid=1,
    root=1,
    schema="public",
    table="t",
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


def only(*relations: Relation, subscribed: frozenset[int] = frozenset()) -> TableReport:
    (choice,) = choose(Catalog(relations, (), subscribed))
    return choice.report


def test_a_plain_table() -> None:
    assert only(PLAIN) == TableReport("t", "captured", ("id",))
    assert only(replace(PLAIN, schema="shop")).entity == "shop.t"


@pytest.mark.parametrize(
    ("relation", "state", "words"),
    [
        (replace(PLAIN, schema="cdc"), "excluded", "belongs to this service"),
        (replace(PLAIN, extension="postgis"), "excluded", "extension postgis"),
        (replace(PLAIN, root=None), "excluded", "not synced"),
        (replace(PLAIN, kind="f"), "refused", "foreign table"),
        (replace(PLAIN, owned=False, owner="boss"), "refused", "GRANT boss TO"),
        (replace(PLAIN, hidden=True), "refused", "BYPASSRLS"),
        (replace(PLAIN, is_parent=True), "refused", "inherit"),
        (replace(PLAIN, key_columns=()), "captured", "only the whole row"),
        (replace(PLAIN, key_immediate=False), "captured", "deferrable"),
        (replace(PLAIN, persistence="u"), "captured", "unlogged"),
        (replace(PLAIN, parents=("public.p",)), "captured", "through public.p"),
    ],
)
def test_each_reason(relation: Relation, state: str, words: str) -> None:
    report = only(relation)
    assert report.state == state
    assert words in report.notes[0]
    assert all(note.endswith(".") for note in report.notes)
    assert (report.key_columns == ()) == (state != "captured" or not relation.key_columns)


@pytest.mark.parametrize("table", sorted(MIGRATION_TABLES))
def test_migration_tools_tables(table: str) -> None:
    migrations = replace(PLAIN, table=table)
    assert only(migrations).state == "excluded"
    (choice,) = choose(Catalog((migrations,), (), frozenset()), include=[table])
    assert choice.report.state == "captured"


def test_a_partition_decides_for_its_root() -> None:
    root = replace(PLAIN, kind="p")
    leaf = replace(PLAIN, relid=2, table="leaf")
    assert only(root, leaf).state == "captured"
    assert "public.leaf is written by a logical" in only(root, leaf, subscribed=frozenset({2})).notes[0]
    assert "public.leaf belongs to role" in only(root, replace(leaf, owned=False)).notes[0]
    (choice,) = choose(Catalog((leaf, root), (), frozenset()))
    assert [level.table for level in choice.levels] == ["t", "leaf"]


@pytest.mark.parametrize(("increment", "noted"), [(1, True), (2, False), (50, False), (-1, False)])
def test_sequences_that_collide(increment: int, *, noted: bool) -> None:
    number = Number(1, "public", "t_id_seq", "me", owned=True, increment=increment, maximum=9, cycles=False)
    (choice,) = choose(Catalog((PLAIN,), (number,), frozenset()))
    assert any("--interleave-sequences" in note for note in choice.report.notes) == noted


def test_names_that_are_no_table() -> None:
    catalog = Catalog((PLAIN,), (), frozenset())
    assert [report.entity for report in unknown(catalog, ["t", "public.t", "T"])] == ["T"]
