"""`cdc restore`: shown before it is done, and done only when somebody has said so."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

from cdc.model import Side
from cdc.snapshot.history import Entry
from server import console
from server.commands.performing import WELL, fail, operating, perform, report, wait_option
from server.operations.operations import Operations
from server.operations.request import RestoreRequest
from server.settings import Settings


@click.command()
@click.argument("file")
@click.option("--target", type=click.Choice([side.value for side in Side]), required=True)
@click.option("--tables", multiple=True, callback=console.listed, help="Restore only these.")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@click.option(
    "--propagate/--no-propagate",
    default=None,
    help="Whether the other side follows. If not given: it does for MAIN, and does not for BACKUP.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@console.json_option
def restore(
    *,
    file: str,
    target: str,
    tables: list[str] | None,
    dry_run: bool,
    propagate: bool | None,
    yes: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Make a database's tables what they are in FILE, one of `cdc snapshots`.

    The file is checked, what would be written is shown, the target is saved to a snapshot of its own; then
    only rows that differ are written, in one transaction.
    """
    asks = not (dry_run or yes)
    if asks and not (sys.stdin.isatty() and sys.stderr.isatty() and not as_json):
        raise click.UsageError("nobody can be asked here: give --yes to restore, or --dry-run to look")
    request = RestoreRequest(file, Side(target), tuple(tables or ()), dry_run=dry_run, propagate=propagate)
    settings = console.settings(level="ERROR").settings
    entry = console.finish(_restored(settings, request, wait, asks=asks))
    report(entry, _page(entry), as_json=as_json)


async def _restored(settings: Settings, request: RestoreRequest, wait: float, *, asks: bool) -> Entry:
    async with operating(settings) as operations:
        if asks:
            plan = await _performed(operations, replace(request, dry_run=True), wait)
            if plan.status not in WELL:
                fail(plan)
            console.show(None, _page(plan), as_json=False)
            follows = f"; {request.target.other} follows" if request.follows else ""
            click.echo(f"{request.target} gets these rows{follows}.", err=True)
            click.prompt(
                f"Type {request.target} to go on",
                type=click.Choice([request.target.value]),
                show_choices=False,
                err=True,
            )
        return await _performed(operations, request, wait)


async def _performed(operations: Operations, request: RestoreRequest, wait: float) -> Entry:
    return await perform(operations, lambda each: each.start_restore(console.person(), request), wait)


def _page(entry: Entry) -> Any:
    """Show what was written, or would be, by table."""
    tables = entry.detail.get("tables", {})
    names = ("inserted", "updated", "deleted", "unchanged")
    rows = [(entity, *(found[name] for name in names)) for entity, found in tables.items()]
    would = " would be" if entry.detail.get("dryRun") else ""
    lines = [f"rows{would} written to {entry.detail['target']} from {entry.filepath}"]
    if entry.detail.get("safety"):
        lines.append(f"what was there before: {entry.detail['safety']}")
    lines += map(str, entry.detail.get("notes", []))
    return console.table("table", *names, rows=rows, title="\n".join(lines))
