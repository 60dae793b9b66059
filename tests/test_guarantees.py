"""Each guarantee has tests, and each test that a guarantee names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/guarantees.md").read_text(encoding="utf-8")
PROMISES, _, EXCEPTIONS = TEXT.partition("## What is not guaranteed")
HEADS = {"shown by", "what happens then"}
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))


def rows(text: str) -> list[list[str]]:
    """The cells of all rows of all tables, their heads left out."""
    found = [line.strip("|").split("|") for line in text.splitlines() if re.match(r"\| \S", line)]
    return [[cell.strip() for cell in cells] for cells in found if cells[-1].strip() not in HEADS]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_each_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in defined
    assert name.startswith("test_")


@pytest.mark.parametrize("cells", rows(PROMISES), ids=lambda cells: cells[0][:40])
def test_each_guarantee_names_a_test(cells: list[str]) -> None:
    promise, tests = cells
    assert promise.endswith(".")
    assert re.search(r"`tests/[\w/]+\.py::\w+`", tests)


@pytest.mark.parametrize("cells", rows(EXCEPTIONS), ids=lambda cells: cells[0][:40])
def test_each_exception_says_what_happens_then(cells: list[str]) -> None:
    what, then = cells
    assert what.startswith("**")
    assert then.endswith(".")
