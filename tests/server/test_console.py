from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from server.console import Markup, coloured, complain, lines, person, show, table


def printed(renderable: object) -> str:
    screen = io.StringIO()
    Console(file=screen, width=120).print(renderable)
    return screen.getvalue()


def test_values_in_a_table_are_not_taken_for_markup() -> None:
    text = printed(table("a", "b", rows=[("[red]x[/red]", None), (Markup(coloured("stopped")), 7)]))
    assert "[red]x[/red]" in text
    assert "stopped" in text
    assert "[red]stopped" not in text
    assert " -" in text


def test_a_result_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    show({"name": "Zoë", "at": None}, "for people", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"name": "Zoë", "at": None}


def test_a_result_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show({}, "for people", as_json=False)
    assert capsys.readouterr().out == "for people\n"


def test_errors_go_to_standard_error_without_passwords(capsys: pytest.CaptureFixture[str]) -> None:
    complain("cannot reach postgresql://u:hunter2@h/d [really]", "look at password=hunter2")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "[really]" in shown.err
    assert "hunter2" not in shown.err


def test_problems_as_lines() -> None:
    (line,) = lines([{"severity": "error", "message": "a [b]", "hint": "do"}])
    assert "error" in line
    assert "\\[b]" in line


def test_somebody_is_always_named() -> None:
    assert person()
