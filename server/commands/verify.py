"""`cdc verify`."""

from __future__ import annotations

from typing import Any

import click

from cdc.model import Side
from cdc.snapshot.history import Entry
from server import console
from server.commands.performing import OperationEnded, operating, perform, report, wait_option
from server.settings import Settings


@click.command()
@click.option(
    "--repair",
    type=click.Choice([side.value for side in Side]),
    help="Make this side's rows equal to the other's where they differ.",
)
@click.option("--tables", multiple=True, callback=console.listed, help="Compare only these.")
@wait_option
@console.json_option
def verify(*, repair: str | None, tables: list[str] | None, wait: float, as_json: bool) -> None:
    """Compare both databases row by row, while they are in use. Exit code 1 where they differ.

    What is merely under way is no difference. What `--repair` overwrites stays readable in cdc.sync_state.
    """
    settings = console.settings(level="ERROR").settings
    side = None if repair is None else Side(repair)
    entry = console.finish(_performed(settings, side, tables or [], wait))
    if not as_json and entry.detail.get("tables"):
        console.show(None, _table(entry), as_json=False)
    report(entry, _words(entry), as_json=as_json)
    if not entry.detail.get("equal"):
        raise OperationEnded(
            "the two sides differ, in rows whose conflict is open", hint="`cdc conflicts` lists them."
        )


async def _performed(settings: Settings, repair: Side | None, tables: list[str], wait: float) -> Entry:
    async with operating(settings) as operations:
        return await perform(
            operations,
            lambda each: each.start_verify(console.person(), repair=repair, tables=tables),
            wait,
        )


def _table(entry: Entry) -> Any:
    names = ("rowsMain", "rowsBackup", "differing", "missingMain", "missingBackup", "conflicts", "repaired")
    rows = [
        (entity, *(found[name] for name in names), found.get("error", ""))
        for entity, found in entry.detail["tables"].items()
    ]
    titles = (
        "table",
        "MAIN",
        "BACKUP",
        "differ",
        "not on MAIN",
        "not on BACKUP",
        "in conflict",
        "repaired",
        "",
    )
    return console.table(*titles, rows=rows)


def _words(entry: Entry) -> str:
    notes = "".join(f"\n{note}" for note in entry.detail.get("notes", []))
    said = "Both sides are equal." if entry.detail.get("equal") else "Both sides are equal but for conflicts."
    return said + notes
