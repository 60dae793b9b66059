"""`cdc run`: the service."""

from __future__ import annotations

import click
import structlog

from server.console import console, finish, settings
from server.loading import loading


@click.command()
@click.option(
    "--first-contact",
    type=click.Choice(["fill", "main", "backup"]),
    help="Where both sides hold different data: copy what one side lacks, or let one side's rows count.",
)
def run(first_contact: str | None) -> None:
    """Run the service; installs what is missing first.

    Without DATABASE_URL it runs on two embedded PostgreSQL servers, with a demo shop.
    """
    with loading():
        from server.process import serve  # noqa: PLC0415 - slow to import, and no other command needs it

    loaded = settings()
    log = structlog.get_logger("server")
    for note in loaded.notes:
        log.warning(note)
    finish(serve(loaded.settings, first_contact, console(stderr=True)))
