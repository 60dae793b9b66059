r"""COPY's text becomes JSON and comes back; nothing is lost, whatever the values hold."""

from __future__ import annotations

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.snapshot import rows

Row = list[str | None]

awkward = st.text(st.sampled_from('\\"\t\n\r\v\f\b\x01\x1f\x7fN,[]{}:nulvt.u0/é𝄞 '), max_size=12)
texts = st.one_of(awkward, st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=20))
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.one_of(st.none(), texts), min_size=width, max_size=width), min_size=1, max_size=5
    )
)

_LETTERS = {"\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"}


def copied(table: list[Row]) -> bytes:
    """What COPY … TO STDOUT sends for these rows; the manual, "COPY", text format."""
    lines = (
        "\t".join("\\N" if value is None else "".join(_LETTERS.get(c, c) for c in value) for value in row)
        for row in table
    )
    return "".join(line + "\n" for line in lines).encode()


def read(text: bytes) -> list[Row]:
    """What COPY … FROM STDIN reads: a backslash before any other character stands for that character."""
    letters = {shown[1]: raw for raw, shown in _LETTERS.items()}

    def value(field: str) -> str | None:
        if field == "\\N":
            return None
        return re.sub(r"\\(.)", lambda found: letters.get(found[1], found[1]), field)

    return [[value(field) for field in line.split("\t")] for line in text.decode().split("\n")[:-1]]


@given(tables)
def test_every_value_becomes_json_and_comes_back(table: list[Row]) -> None:
    text = copied(table)
    lines = rows.to_json(text, len(table[0]))
    assert orjson.loads(b"[" + lines.removesuffix(b",\n") + b"]") == table
    assert read(rows.to_copy(lines, len(table[0]))) == table
    assert rows.to_copy(lines.removesuffix(b",\n") + b"\n", len(table[0])) == rows.to_copy(
        lines, len(table[0])
    )


@given(tables)
def test_tabs_and_line_ends_stand_between_values_only(table: list[Row]) -> None:
    lines = rows.to_json(copied(table), len(table[0]))
    assert lines.count(b"\n") == len(table)
    assert lines.count(b"\t") == sum(len(row) - 1 for row in table)
    assert rows.are_rows(lines, len(lines), len(table))
    assert rows.have_columns(lines, len(table[0]), len(table))


def test_rows_without_columns() -> None:
    assert rows.to_json(b"\n\n", 0) == b"[],\n[],\n"
    assert rows.to_copy(b"[],\n[]\n", 0) == b"\n\n"
    assert rows.are_rows(b"[],\n[]\n", 7, 2)
    assert rows.have_columns(b"[],\n[]\n", 0, 2)


@pytest.mark.parametrize(
    "lines", [b'{"a":1},\n', b'["a"],\nx\n["b"],\n', b'["a"\n', b'["a"],\n],\n', b"],\n", b'["a"]\n["b"]\n']
)
def test_what_is_no_row_is_seen(lines: bytes) -> None:
    assert not rows.are_rows(lines, len(lines), lines.count(b"\n"))


@pytest.mark.parametrize("lines", [b'["a"],\n', b'["a",\t"b"],\n["c"],\n', b'["a",\t"b",\t"c"]\n'])
def test_values_too_few_or_too_many_are_seen(lines: bytes) -> None:
    assert not rows.have_columns(lines, 2, lines.count(b"\n"))
