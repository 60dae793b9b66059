"""`cdc history`."""

from __future__ import annotations

from typing import Any

import click

from cdc.snapshot.history import MOST, Entry, Kind, Status
from server import console
from server.commands.performing import operating
from server.console import Markup
from server.operations.documents import entry_document
from server.problems import time_text
from server.settings import Settings


@click.command()
@click.option("--limit", type=click.IntRange(1, MOST), default=20, show_default=True)
@click.option("--cursor", help="Where the page before ended: its nextCursor.")
@click.option("--type", "kind", type=click.Choice([each.value for each in Kind]), help="Only these.")
@click.option("--status", type=click.Choice([each.value for each in Status]), help="Only these.")
@console.json_option
def history(*, limit: int, cursor: str | None, kind: str | None, status: str | None, as_json: bool) -> None:
    """List backups, exports, restores and checks, the newest first: who ran them and how they ended."""
    settings = console.settings(level="ERROR").settings
    entries, following = console.finish(
        _page(
            settings,
            limit=limit,
            cursor=cursor,
            kind=None if kind is None else Kind(kind),
            status=None if status is None else Status(status),
        )
    )
    document = {"items": [entry_document(entry) for entry in entries], "nextCursor": following}
    console.show(document, _table(entries, following), as_json=as_json)


async def _page(settings: Settings, **wanted: Any) -> tuple[list[Entry], str | None]:
    async with operating(settings) as operations:
        return await operations.page(**wanted)


def _table(entries: list[Entry], following: str | None) -> Any:
    if not entries:
        return "Nothing has been done yet."
    rows = [
        (
            entry.id,
            time_text(entry.started_at),
            entry.type,
            Markup(console.coloured(entry.status)),
            entry.record_count,
            console.size(entry.size_bytes),
            console.span(entry.duration_ms),
            entry.actor,
            entry.error or (entry.filepath or "").rpartition("/")[2] or _progress(entry),
        )
        for entry in entries
    ]
    title = None if following is None else f"older ones: --cursor {following}"
    columns = ("id", "began", "type", "status", "rows", "size", "took", "by", "")
    return console.table(*columns, rows=rows, title=title)


def _progress(entry: Entry) -> str | None:
    progress = entry.progress
    if progress is None:
        return None
    return (
        f"{progress.get('phase') or ''} {progress.get('entity') or ''} {progress.get('rowsDone') or 0} rows"
    )
