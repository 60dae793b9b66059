from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.databases import Pair
from triggers.identifiers import Composed, fragment, identifier, identifier_list, joined, qualified

NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=15)


@given(NAMES)
def test_a_quoted_name_ends_where_it_should(name: str) -> None:
    quoted = identifier(name)
    assert quoted[0] == quoted[-1] == '"'
    assert quoted[1:-1].replace('""', "").count('"') == 0
    assert quoted[1:-1].replace('""', '"') == name


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="not a PostgreSQL name"):
        identifier(name)


def test_lists() -> None:
    assert qualified("s", 'a"b') == '"s"."a""b"'
    assert identifier_list(["a", "B"]) == '"a", "B"'
    assert identifier_list(["a", "B"], "t") == 't."a", t."B"'
    assert identifier_list([]) == ""
    for prefix in ("t;", "T", "a b", '"'):
        with pytest.raises(ValueError, match="not an alias"):
            identifier_list(["a"], prefix)
    assert joined([identifier("a"), fragment("{x} = 1", x=identifier("b"))]) == '"a", "b" = 1'
    assert isinstance(joined([]), Composed)
    with pytest.raises(KeyError):
        fragment("{x}")


async def test_the_server_reads_names_as_we_do(pair: Pair) -> None:
    names = [
        "plain",
        "Upper",
        'quo"te',
        '"',
        "semi;colon",
        "täble",
        "sp ace",
        "a.b",
        "%s",
        "$1",
        "back\\slash",
        "'",
    ]
    for name in names:
        read = await pair.main.fetchrow(f"SELECT 1 AS {identifier(name)}")
        assert list(read.keys()) == [name]
