"""`cdc resync`: one side made equal to the other."""

from __future__ import annotations

import sys

import click

from cdc.copy_tasks import Progress
from cdc.errors import InstallRefused
from cdc.first_contact import Outcome
from cdc.first_contact import resync as make_equal
from cdc.model import Side
from server import console, progress
from server.databases import connected, opened
from server.operations import first_copy
from server.settings import Settings
from triggers.statements import statement


@click.command()
@click.argument("side", metavar="MAIN|BACKUP", type=click.Choice([each.value for each in Side]))
@click.option("--yes", is_flag=True, help="Do not ask, as where there is no terminal.")
@console.json_option
def resync(*, side: str, yes: bool, as_json: bool) -> None:
    """Make that side equal to the other one: its own rows that differ are overwritten.

    For when a side was restored, replaced or lost its position. Stop the service first. What is discarded
    stays readable in cdc.sync_state of that side.
    """
    settings = console.settings(level="WARNING").settings
    wanted = Side(side)
    if not yes and sys.stdin.isatty():
        click.confirm(f"Overwrite rows of {wanted} that differ from {wanted.other}?", abort=True, err=True)
    outcome = console.finish(_resync(settings, wanted))
    document = {"side": side, "rows": outcome.rows, "reason": outcome.reason, "notes": list(outcome.notes)}
    console.show(document, f"{outcome.reason}: {outcome.rows} rows written.", as_json=as_json)


async def _resync(settings: Settings, side: Side) -> Outcome:
    async with (
        opened(settings) as databases,
        connected(databases, "command", sides=[Side.MAIN]) as connections,
    ):
        if not await connections[Side.MAIN].fetchval(statement("working_lock", "server")):
            raise InstallRefused(
                "the service is running and its links are in the way", hint="Stop `cdc run` first."
            )
        with progress.shown(console.console(stderr=True)) as show:
            two_way = settings.enable_two_way_sync

            async def copied(moved: Progress) -> Outcome:
                def copying(entity: str, done: int, total: int) -> None:
                    show(entity, done, total)
                    moved(entity, done, total)

                return await make_equal(databases.main, databases.backup, side, copying, two_way=two_way)

            return await first_copy.noted(databases.main, console.person(), copied)
