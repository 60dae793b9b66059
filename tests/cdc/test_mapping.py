"""What one table's statements are made of, without a server: what is written, compared, and refused."""

from __future__ import annotations

import re

import pytest

from cdc.errors import SchemaMismatch
from cdc.mapping import Mapping
from cdc.model import Entity, Op
from cdc.shape import Column, Key, TableShape
from triggers.identifiers import fragment, qualified, type_name

ENTITY = Entity("public", "t")
BATCH = fragment("staged b")
EQUAL = fragment("OPERATOR(pg_catalog.=)")


def column(name: str, kind: str = "integer", *, base: str = "", full: str = "", **more: bool) -> Column:
    plain = re.sub(r"\(.*\)", "", kind)
    return Column(
        name,
        type_name(kind),
        type_name(base or plain),
        type_name(full or kind),
        more.get("generated", False),
        more.get("identity_always", False),
    )


def shape(*columns: Column, key: str = "id") -> TableShape:
    keys = [Key((key,), (EQUAL,), primary=True, not_null=True)] if key else []
    return TableShape(ENTITY, 1, list(columns), keys)


def mapping(found: TableShape, *names: str, key: tuple[str, ...] = ("id",)) -> Mapping:
    return Mapping(ENTITY, names, found, key, qualified("pg_temp", "image"))


def test_columns_that_one_side_lacks_or_computes_are_left_out() -> None:
    found = mapping(
        shape(column("id"), column("v"), column("own"), column("twice", generated=True)),
        "id",
        "v",
        "theirs",
        "twice",
    )
    assert [each.name for each in found.common] == ["id", "v"]
    assert found.missing == ("theirs",)
    assert "twice" not in found.row_insert
    assert "own" not in found.row_insert


def test_fields_are_found_by_their_place_in_the_image() -> None:
    found = mapping(shape(column("id"), column("v", "text")), "v", "id")
    assert re.search(r'"v" = \(n\.after\)\."f0"', found.row_update)
    assert re.search(r'"id" = \(n\.after\)\."f1"', found.row_update)


def test_an_identity_that_is_always_made_is_inserted_and_never_set() -> None:
    found = mapping(shape(column("id", identity_always=True), column("v")), "id", "v")
    assert '"id" =' not in found.row_update.partition("SET")[2].partition("FROM")[0]
    assert "OVERRIDING SYSTEM VALUE" in found.row_insert


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        (column("v", "integer"), False),
        (column("v", "numeric(8,2)"), False),
        (column("v", "public.amount", base="integer", full="integer"), True),
        (column("v", "public.amount", base="numeric", full="numeric(8,2)"), True),
        (column("v", "public.name", base="character varying", full="character varying(3)"), False),
        (column("v", "public.name", base="character varying", full="character varying"), True),
    ],
)
def test_a_domain_does_not_look_again_at_a_value_that_stays(found: Column, *, kept: bool) -> None:
    """Except where the cast it takes would cut what is too long, which must be refused."""
    assert ("CASE WHEN" in mapping(shape(column("id"), found), "id", "v").row_update) is kept


def test_a_key_without_its_index_is_refused() -> None:
    with pytest.raises(SchemaMismatch, match="no unique index over"):
        mapping(shape(column("id"), key=""), "id")


def test_changes_without_the_key_are_refused() -> None:
    with pytest.raises(SchemaMismatch, match="do not name the key"):
        mapping(shape(column("id")), "v")


def test_a_table_without_a_key_is_a_bag_of_rows() -> None:
    found = mapping(shape(column("v"), key=""), "v", key=())
    assert "generate_series(1, n.copies)" in found.apply(BATCH, live=False)
    assert not found.is_uniform(Op.INSERT)
    assert not found.moves_keys


def test_statements_are_made_once() -> None:
    found = mapping(shape(column("id")), "id")
    assert found.apply(BATCH, live=True) is found.apply(BATCH, live=True)
    assert found.apply(BATCH, live=True) != found.apply(BATCH, live=False)
    assert found.uniform(Op.UPDATE, BATCH) is found.uniform(Op.UPDATE, BATCH)
