"""What people can set and type is described; what is described is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from server.cli import MODULES, cli
from server.database_url import IGNORED, KEPT
from server.health import LinkState
from server.phase import Phase
from server.settings import VARIABLES, Settings

ROOT = Path(__file__).parent.parent.parent
SETTINGS = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """Table rows by the code in their first cell."""
    found = re.findall(r"^\| `([^`]+)`[^|]*\|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in re.split(r"(?<!\\)\|", rest)] for name, rest in found}


def command_of(name: str) -> click.Command:
    """The command of that name."""
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    assert found.name == name
    return found


@pytest.mark.parametrize("name", VARIABLES)
def test_each_setting_is_described(name: str) -> None:
    assert rows(SETTINGS)[name][1]


def test_no_setting_is_described_that_is_not_there() -> None:
    described = {name for name in rows(SETTINGS) if name.isupper()}
    assert described == set(VARIABLES)


@pytest.mark.parametrize("name", VARIABLES)
def test_described_defaults_are_the_defaults(name: str) -> None:
    field = next(field for field in Settings.model_fields.values() if field.alias == name)
    shown = rows(SETTINGS)[name][0].strip("`")
    match field.default:
        case None | ():
            assert shown in {"unset", "embedded"}
        case bool(value):
            assert shown == str(value).lower()
        case tuple(values):
            assert shown == ",".join(values)
        case value:
            assert shown == str(value)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_each_command_and_each_of_its_options_is_described(name: str) -> None:
    found = [key for key in rows(COMMANDS) if key.split()[1] == name]
    assert found, name
    described = found[0] + " ".join(rows(COMMANDS)[found[0]])
    for parameter in command_of(name).params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--json":
                assert option in described, f"{name} {option}"


def test_no_command_is_described_that_is_not_there() -> None:
    assert {key.split()[1] for key in rows(COMMANDS)} == set(MODULES)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_each_command_says_what_it_does(name: str) -> None:
    command = command_of(name)
    assert command.help
    takes_json = any("--json" in parameter.opts for parameter in command.params)
    assert takes_json == (name != "run")


def test_each_state_is_explained() -> None:
    for state in (*Phase, *(each for each in LinkState if each is not LinkState.STREAMING)):
        assert state.value in rows(OPERATIONS), state
    for state in LinkState:
        assert f"`{state.value}`" in OPERATIONS, state


def test_each_url_parameter_is_described() -> None:
    for name in KEPT:
        assert f"`{name}`" in SETTINGS, name
    assert all(IGNORED.values())
