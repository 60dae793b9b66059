"""`cdc doctor`: is everything there that the service needs?"""

from __future__ import annotations

import click

from server import console
from server.checkup import Finding, examine
from server.console import Markup


@click.command()
@click.pass_context
@console.json_option
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Look for what would keep the service from working; changes nothing. Exit code 1 if there is any."""
    loaded = console.settings(level="ERROR")
    notes = [Finding("settings", "warning", note) for note in loaded.notes]
    findings = [*notes, *console.finish(examine(loaded.settings))]
    rows = [
        (each.subject, Markup(console.coloured(each.severity)), each.message, each.hint) for each in findings
    ]
    human = console.table("what", "", "found", "what to do", rows=rows)
    console.show({"findings": [each.as_json() for each in findings]}, human, as_json=as_json)
    context.exit(1 if any(each.severity == "error" for each in findings) else 0)
