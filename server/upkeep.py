"""What has to be done now and then beside the links: new tables captured, old changes pruned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack

import structlog

from cdc.model import Side
from cdc.prune import forget_decisions, prune
from cdc.session import Connection, connect
from server.databases import Databases
from server.health import Fault, classify, delay, describe
from server.installation import install_both, prints, tell

EVERY = 5.0
"""Seconds between two looks for new tables."""
KEPT_DAYS = 30
PRUNE_EVERY = 30.0
"""Seconds between two prunings: a whole set of statements, and idling must cost next to nothing."""

_log = structlog.get_logger(__name__)


async def run(
    databases: Databases,
    known: set[str],
    *,
    two_way: bool,
    kept_days: int = KEPT_DAYS,
    before: Mapping[Side, str] | None = None,
) -> None:
    """Look after both databases until cancelled; failures are logged and retried.

    Args:
        databases: where both sides are.
        known: what was said about tables before, so that nothing is said twice.
        two_way: False leaves BACKUP without capture.
        kept_days: how long decided conflicts stay readable.
        before: `prints` before the last installation; None: there has been none.
    """
    failures, last = 0, dict(before or {})
    while True:
        try:
            async with AsyncExitStack() as stack:
                connections = {}
                for side in Side:
                    connections[side] = await connect(databases.endpoint(side), "upkeep")
                    stack.callback(connections[side].terminate)
                pruned = 0.0
                while True:
                    last = await _new_tables(databases, connections, last, known, two_way=two_way)
                    if time.monotonic() - pruned >= PRUNE_EVERY:
                        await _prune(connections, kept_days)
                        pruned = time.monotonic()
                    failures = 0
                    await asyncio.sleep(EVERY)
        except Exception as error:  # noqa: BLE001 - upkeep must go on, whatever happens
            failures, last = failures + 1, {}
            fault, (message, hint) = classify(error), describe(error)
            if fault is not Fault.CONNECTIVITY:
                _log.warning("upkeep failed, trying again", error=message, hint=hint, exc_info=error)
            await asyncio.sleep(delay(failures, fault))


async def _new_tables(
    databases: Databases,
    connections: dict[Side, Connection],
    before: dict[Side, str],
    known: set[str],
    *,
    two_way: bool,
) -> dict[Side, str]:
    """Install again where the tables are not what they were. Returns what they were before that."""
    now = await prints(databases, connections)
    if now != before:
        tell(await install_both(databases, connections, two_way=two_way), known)
    return now


async def _prune(connections: dict[Side, Connection], kept_days: int) -> None:
    for side in Side:
        await prune(connections[side], connections[side.other], side)
        await forget_decisions(connections[side], days=kept_days)
