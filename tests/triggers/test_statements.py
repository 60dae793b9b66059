from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import cast

import pytest

from triggers.identifiers import Composed, identifier, number
from triggers.statements import render, statement


def test_placeholders_are_replaced() -> None:
    text = render("lock_table", table=identifier('a"b{mode}'), mode=identifier("x"))
    assert 'LOCK TABLE ONLY "a""b{mode}" IN "x" MODE' in text


def test_missing_and_unknown_parts() -> None:
    with pytest.raises(KeyError):
        render("lock_table", table=identifier("t"))
    with pytest.raises(KeyError):
        render("lock_table", table=identifier("t"), mode=identifier("m"), more=identifier("x"))
    with pytest.raises(FileNotFoundError):
        statement("nosuch")


def test_plain_text_is_no_part() -> None:
    plain = cast("Composed", "t; DROP TABLE t")
    with pytest.raises(TypeError, match="plain text"):
        render("lock_table", table=plain, mode=identifier("m"))


@pytest.mark.parametrize(
    "path", sorted(Path(str(files("triggers"))).glob("sql/*.sql")), ids=lambda path: path.stem
)
def test_every_file_says_what_it_is_for(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    header = "\n".join(line for line in lines if line.startswith("-- "))
    assert re.search(
        r"^-- Purpose:    \S.*^-- Parameters: \S.*^-- Result:     \S", header, re.MULTILINE | re.DOTALL
    )
    assert max(map(len, lines)) <= 125


def test_numbers() -> None:
    assert number(-7) == "-7"


def test_a_name_with_a_line_break_stays_out_of_the_header() -> None:
    table = identifier("two\nlines")
    assert render("pair_has_rows", "cdc", table=table) == f"SELECT EXISTS (SELECT 1 FROM {table} AS t)\n"
