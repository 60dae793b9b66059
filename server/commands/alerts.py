"""`cdc alerts`: who gets them, and whether they arrive."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from server import console
from server.alerts.alerts import receivers
from server.alerts.episodes import Notice, Turn
from server.alerts.message import Message, compose, trial
from server.alerts.receiver import NotDelivered, Receiver
from server.console import Markup


@click.group(invoke_without_command=True)
@console.json_option
@click.pass_context
def alerts(context: click.Context, *, as_json: bool) -> None:
    """List who gets alerts: ALERT_WEBHOOK_URL and ALERT_URLS."""
    if context.invoked_subcommand is not None:
        return
    names = [each.name for each in _receivers()]
    human = console.table("receiver", rows=[(name,) for name in names]) if names else _NOBODY
    console.show({"receivers": names}, human, as_json=as_json)


@alerts.command("test")
@console.json_option
def try_receivers(*, as_json: bool) -> None:
    """Send a message to each receiver, once; exit code 1 if one did not take it, or if there is none."""
    found = _receivers()
    outcomes = console.finish(_send(found))
    console.show({"receivers": outcomes}, _table(outcomes) if outcomes else _NOBODY, as_json=as_json)
    sys.exit(0 if outcomes and all(each["delivered"] for each in outcomes) else 1)


_NOBODY = "Nobody gets alerts: set ALERT_WEBHOOK_URL or ALERT_URLS."


def _receivers() -> list[Receiver]:
    return receivers(console.settings(level="CRITICAL").settings)


async def _send(found: Sequence[Receiver]) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    notice = Notice(Turn.TEST, trial(), now, now)
    instance = f"{socket.gethostname()}:{os.getpid()}"
    message = compose(notice, instance=instance, delivery=str(uuid.uuid4()))
    return await asyncio.gather(*(_try(each, message) for each in found))


async def _try(receiver: Receiver, message: Message) -> dict[str, Any]:
    try:
        await receiver.deliver(message)
    except NotDelivered as error:
        return {"receiver": receiver.name, "delivered": False, "error": str(error), "hint": error.hint}
    return {"receiver": receiver.name, "delivered": True, "error": None, "hint": None}


def _table(outcomes: Sequence[dict[str, Any]]) -> Any:
    rows = [
        (
            each["receiver"],
            Markup(console.coloured("ok" if each["delivered"] else "error")),
            each["error"],
            each["hint"] or None,
        )
        for each in outcomes
    ]
    return console.table("receiver", "", "", "", rows=rows)
