from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.paging import decode, encode
from server.api.problem import Problem

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(TEXTS, TEXTS)
def test_a_place_comes_back(entity: str, entity_id: str) -> None:
    cursor = encode((entity, entity_id))
    assert cursor is not None
    assert decode(cursor, str, str) == [entity, entity_id]


def test_no_place() -> None:
    assert encode(None) is None
    assert decode(None, str) is None


@given(st.text())
def test_what_others_made_up_is_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        decode(text, str, int, str)
    assert caught.value.status == 422
