"""`cdc install-triggers` and `cdc uninstall-triggers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from rich.console import Group

from cdc.model import Side
from cdc.prune import prune
from server import console
from server.console import Markup
from server.databases import check_distinct, connected, opened
from server.installation import Wanted, check_removable, install_both
from server.settings import Settings
from triggers.install import InstallReport
from triggers.sequences import interleave
from triggers.uninstall import uninstall


@click.command("install-triggers")
@click.option(
    "--tables",
    multiple=True,
    callback=console.listed,
    help="Capture only these (repeat, or separate by commas).",
)
@click.option("--exclude", multiple=True, callback=console.listed, help="Capture all but these.")
@click.option(
    "--accept-triggers",
    multiple=True,
    callback=console.listed,
    help="Tables whose own triggers may fire on both sides, '*' for all; needed only where the service may not "
    "set session_replication_role.",
)
@click.option(
    "--interleave-sequences", is_flag=True, help="Odd numbers on MAIN, even ones on BACKUP, from now on."
)
@console.json_option
def install_triggers(
    *,
    tables: list[str] | None,
    exclude: list[str] | None,
    accept_triggers: list[str] | None,
    interleave_sequences: bool,
    as_json: bool,
) -> None:
    """Start capturing changes on both sides. Safe to run again, and while applications write.

    The choices are kept: later runs and the running service go by them. `--tables ''` means all again.
    """
    loaded = console.settings(level="WARNING")
    wanted = Wanted(tables, exclude, accept_triggers, console.person())
    reports = console.finish(_install(loaded.settings, wanted, interleave_sequences=interleave_sequences))
    document = {side.value: _document(report) for side, report in reports.items()}
    tables_shown = [_table(side, report) for side, report in reports.items()]
    console.show(document, Group(*tables_shown), as_json=as_json)


async def _install(
    settings: Settings, wanted: Wanted, *, interleave_sequences: bool
) -> Mapping[Side, InstallReport]:
    two_way = settings.enable_two_way_sync
    async with opened(settings, create=True) as databases, connected(databases, "install") as connections:
        await check_distinct(connections[Side.MAIN], connections[Side.BACKUP])
        if interleave_sequences:
            for side in Side:
                await interleave(connections[side], side=side.value, schemas=databases.endpoint(side).schemas)
        return await install_both(databases, connections, two_way=two_way, wanted=wanted)


def _document(report: InstallReport) -> dict[str, Any]:
    return {
        "tables": [
            {
                "entity": table.entity,
                "state": table.state,
                "keyColumns": list(table.key_columns),
                "notes": list(table.notes),
            }
            for table in report.tables
        ]
    }


def _table(side: Side, report: InstallReport) -> Any:
    return console.table(
        "table",
        "state",
        "key",
        "notes",
        title=f"[bold]{side}[/bold]",
        rows=[
            (
                table.entity,
                Markup(console.coloured(table.state)),
                ", ".join(table.key_columns) or None,
                " ".join(table.notes),
            )
            for table in report.tables
        ],
    )


@click.command("uninstall-triggers")
@click.option(
    "--force", is_flag=True, help="Even while conflicts are open or changes are pending; they are lost."
)
@console.json_option
def uninstall_triggers(*, force: bool, as_json: bool) -> None:
    """Remove everything of ours from both sides: triggers, and schema cdc with all it holds."""
    console.finish(_uninstall(console.settings(level="WARNING").settings, force=force))
    console.show({"uninstalled": True}, "Nothing of ours is left in either database.", as_json=as_json)


async def _uninstall(settings: Settings, *, force: bool) -> None:
    async with opened(settings) as databases, connected(databases, "uninstall") as connections:
        await check_removable(connections, force=force)
        if not force:
            for side in Side:  # tells each side what the other has applied, which it checks again itself
                await prune(connections[side], connections[side.other], side)
        for side in Side:
            await uninstall(connections[side], force=force)
