"""What commands print: a table for people or one JSON document for machines; errors with their hint."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from server import logs
from server.environment import Loaded, load
from server.redaction import redact

PIPED_WIDTH = 160
"""Columns of a table where nobody looks at a terminal."""

COLOURS = {
    "streaming": "green",
    "running": "green",
    "ok": "green",
    "captured": "green",
    "paused": "yellow",
    "reconnecting": "yellow",
    "copying": "cyan",
    "comparing": "cyan",
    "stopped": "red",
    "warning": "yellow",
    "error": "red",
    "refused": "red",
    "info": "blue",
    "COMPLETED": "green",
    "UNCHANGED": "green",
    "RUNNING": "cyan",
    "NOT_TESTABLE": "yellow",
    "INTERRUPTED": "yellow",
    "FAILED": "red",
}

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for machines.")


def console(*, stderr: bool = False) -> Console:
    """Make a console on standard output or standard error, wide where that is no terminal."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made.width = PIPED_WIDTH
    return made


def show(document: Any, human: RenderableType, *, as_json: bool) -> None:
    """Print a result."""
    if as_json:
        sys.stdout.write(json.dumps(document, indent=2, default=str, ensure_ascii=False) + "\n")
    else:
        console().print(human)


def complain(message: str, hint: str = "") -> None:
    """Print an error to standard error, without anything secret in it."""
    printer = console(stderr=True)
    for line in redact(message).splitlines():
        printer.print(f"[red]{escape(line)}[/red]", soft_wrap=True)
    if hint:
        printer.print(f"[dim]{escape(redact(hint))}[/dim]", soft_wrap=True)


def coloured(word: str) -> str:
    """Give a state its colour, as markup."""
    colour = COLOURS.get(word)
    return f"[{colour}]{escape(word)}[/{colour}]" if colour else escape(word)


def table(*columns: str, rows: Sequence[Sequence[Any]], title: str | None = None) -> Table:
    """Make a table; values are shown as they are, None as a dash. `Markup` values keep their colours."""
    made = Table(*columns, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return made


class Markup(str):
    """Text of ours that may hold rich's markup."""

    __slots__ = ()


def _cell(value: Any) -> str:
    if isinstance(value, Markup):
        return value
    return "-" if value is None else escape(str(value))


def listed(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> list[str] | None:
    """Take names from a repeated option, each of which may list several; None where it was not given."""
    return [name.strip() for value in values for name in value.split(",") if name.strip()] if values else None


def size(count: int | None) -> str | None:
    """Give a number of bytes for people."""
    if count is None:
        return None
    amount, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:  # noqa: PLR2004 - the next unit
        amount, units = amount / 1024, units[1:]
    return f"{amount:.1f} {units[0]}" if units[0] != "B" else f"{count} B"


def span(milliseconds: int | None) -> str | None:
    """Give a time for people."""
    return None if milliseconds is None else f"{milliseconds / 1000:.1f} s"


def settings(*, level: str | None = None) -> Loaded:
    """Read the settings and set up the log.

    Args:
        level: the log's level; LOG_LEVEL where None. Commands that print results speak of warnings only.

    Raises:
        SettingsError: the settings cannot work.
    """
    loaded = load()
    logs.configure(level or loaded.settings.log_level)
    return loaded


def finish(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a command's work to its end and return its result."""
    return asyncio.run(work)


def person() -> str:
    """Name who runs this command, for the records of what was decided by whom."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def lines(problems: Sequence[Mapping[str, str]]) -> list[str]:
    """Put problems into lines of markup: severity, message, hint."""
    return [
        f"{coloured(each['severity'])}  {escape(each['message'])}\n         [dim]{escape(each['hint'])}[/dim]"
        for each in problems
    ]
