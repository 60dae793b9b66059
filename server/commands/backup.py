"""`cdc backup` and `cdc export`."""

from __future__ import annotations

from typing import Any

import click

from cdc.snapshot.history import Entry, Status
from server import console
from server.commands.performing import Start, operating, perform, report, wait_option
from server.settings import Settings


@click.command()
@wait_option
@console.json_option
def backup(*, wait: float, as_json: bool) -> None:
    """Make a full backup of MAIN now, unless nothing has changed since the last one."""
    settings = console.settings(level="ERROR").settings
    entry = console.finish(_performed(settings, lambda each: each.start_backup(console.person()), wait))
    report(entry, _words(entry), as_json=as_json)


@click.command()
@click.option(
    "--include-history", is_flag=True, help="Put the history of operations and the decisions in too."
)
@wait_option
@console.json_option
def export(*, include_history: bool, wait: float, as_json: bool) -> None:
    """Write a snapshot of MAIN to a file of its own, which no thinning removes."""
    settings = console.settings(level="ERROR").settings
    entry = console.finish(
        _performed(
            settings,
            lambda each: each.start_export(console.person(), include_history=include_history),
            wait,
        )
    )
    report(entry, _words(entry), as_json=as_json)


async def _performed(settings: Settings, start: Start, wait: float) -> Entry:
    async with operating(settings) as operations:
        return await perform(operations, start, wait)


def _words(entry: Entry) -> Any:
    if entry.status is Status.UNCHANGED:
        return f"Nothing has changed since {entry.detail.get('sameAs')}; no file was written."
    rows = [
        (entry.filepath, entry.record_count, console.size(entry.size_bytes), console.span(entry.duration_ms))
    ]
    return console.table("file", "rows", "size", "took", rows=rows)
