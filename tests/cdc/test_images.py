"""Row texts taken apart and put together, also by PostgreSQL itself."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdc.images import format_row, join_key, parse_row, split_key, to_image, to_text
from tests.databases import Pair

ODD = st.text(st.sampled_from('",()\\ \t\n\r\v\f%Né\u00a0\u2028\x1c{}:'), max_size=8)
TEXT = ODD | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
FIELDS = st.lists(st.none() | TEXT, min_size=1, max_size=8)


@given(FIELDS)
def test_what_was_put_together_comes_apart(fields: list[str | None]) -> None:
    assert parse_row(format_row(fields)) == fields


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(FIELDS)
async def test_postgresql_prints_the_same(pair: Pair, fields: list[str | None]) -> None:
    row = ", ".join(f"${i}::text" for i, _ in enumerate(fields, 1))
    printed = await pair.main.fetchval(f"SELECT ROW({row})::text", *fields)
    assert parse_row(printed) == fields
    assert format_row(fields) == printed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(FIELDS, min_size=1, max_size=3))
async def test_rows_and_arrays_inside_rows(pair: Pair, rows: list[list[str | None]]) -> None:
    inner = [format_row(row) for row in rows]
    printed = await pair.main.fetchval(
        "SELECT ROW($1::text[], $1::text[][1], $2::text)::text", inner, inner[0]
    )
    fields = parse_row(printed)
    assert parse_row(fields[2] or "") == rows[0]
    assert await pair.main.fetchval("SELECT $1::text::text[]", fields[0]) == inner


def test_a_row_of_one_null() -> None:
    assert parse_row("()") == [None]
    assert format_row([None]) == "()"
    assert parse_row('("")') == [""]


@pytest.mark.parametrize(
    "text", ["", "(", ")", "a,b", "(a", "(a)b", '("a)', '("a"b)', "(a(b)", "(a))", "((a)"]
)
def test_what_is_no_row_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="row's text"):
        parse_row(text)


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.none() | TEXT, min_size=1, max_size=5))
def test_an_image_keeps_columns_and_values(image: dict[str, str | None]) -> None:
    columns = tuple(image)
    assert to_image(columns, to_text(columns, image)) == image
    assert to_image(columns, None) is None
    assert to_text(columns, None) is None


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_an_entity_id_gives_back_the_key(parts: list[str]) -> None:
    assert split_key(join_key(parts), len(parts)) == parts


@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=2, max_size=4, unique_by=tuple))
def test_different_keys_have_different_ids(keys: list[list[str]]) -> None:
    assert len({join_key(parts) for parts in keys}) == len(keys)


def test_an_id_with_another_number_of_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        split_key("a,b,c", 2)
