from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.images import join_key
from server.api.record_path import entity_id


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1, max_size=4
    )
)
def test_an_id_that_is_encoded_for_the_path_comes_back(parts: list[str]) -> None:
    wanted = join_key(parts)
    raw = quote(wanted, safe="")
    assert entity_id(raw, unquote(raw), len(parts)) == wanted


@pytest.mark.parametrize(
    ("raw", "columns", "wanted"),
    [
        ("a,b", 2, "a,b"),
        ("a%2Cb", 2, "a,b"),
        ("a%2Cb,c", 2, "a%2Cb,c"),
        ("a%2cb,c", 2, "a%2Cb,c"),
        ("50%25,b", 2, "50%25,b"),
        ("a%252Cb,c", 2, "a%2Cb,c"),
        ("a%2Fb,%C3%A9", 2, "a/b,é"),
        ("a,b", 1, "a,b"),
        ("a,b", 0, "a,b"),
        ("a", 2, "a"),
        ("%2Ca", 2, ",a"),
    ],
)
def test_ids_that_are_encoded_once_only(raw: str, columns: int, wanted: str) -> None:
    assert entity_id(raw, unquote(raw), columns) == wanted
