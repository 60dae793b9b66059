"""After a full snapshot: whether BACKUP holds everything that is in it too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

import asyncpg

from cdc import config, observe
from cdc.durability import make_durable
from cdc.errors import CdcError
from cdc.model import Side
from cdc.session import UNREACHABLE, Connection, connect
from server.databases import Databases
from server.health import describe
from server.problems import LINK_NAMES
from server.redaction import redact

LOOK: Final = 0.2
"""Seconds between two looks at how far the links are."""
ANSWER: Final = 5.0
"""Seconds within which a database must answer."""


async def complete(
    databases: Databases, seen: str, *, two_way: bool, patience: float
) -> Mapping[str, Any] | None:
    """Wait until both links have applied what there was when a snapshot was taken.

    Args:
        databases: both sides.
        seen: MAIN's `pg_snapshot` that the snapshot is of.
        two_way: whether BACKUP's changes are carried to MAIN.
        patience: seconds to wait at most.

    Returns:
        For the entry: whether BACKUP is complete, else why not; None where no service works, so nobody applies.
        Never fails: the snapshot is good, whatever BACKUP is.
    """
    began = time.monotonic()
    try:
        async with AsyncExitStack() as stack:
            sides: dict[Side, Connection] = {}
            async with asyncio.timeout(patience + ANSWER):
                for side in Side:
                    sides[side] = await connect(databases.endpoint(side), "backup", timeout=ANSWER)
                    stack.callback(sides[side].terminate)
                if not (await observe.node(sides[Side.MAIN])).working:
                    return None
                moments = {Side.MAIN: seen}
                if two_way:
                    moments[Side.BACKUP] = await observe.moment(sides[Side.BACKUP])
                reason = await _drained(sides, moments, began + patience)
    except (*UNREACHABLE, CdcError, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
        reason = redact(describe(error)[0])
    waited = int((time.monotonic() - began) * 1000)
    told: dict[str, Any] = {"complete": reason is None, "waitedMs": waited}
    return told if reason is None else {**told, "reason": reason}


async def _drained(sides: Mapping[Side, Connection], moments: Mapping[Side, str], until: float) -> str | None:
    """Wait for the links. Returns why one did not get there, or None."""
    for side, moment in moments.items():
        while True:
            facts = await observe.link_status(sides[side], sides[side.other], side, upto=moment)
            if facts.placed and not facts.pending and not facts.held:
                await make_durable(sides[side.other])
                break
            name = LINK_NAMES[side]
            if side in (await config.read(sides[Side.MAIN])).pauses:
                return f"{name} is paused"
            if time.monotonic() >= until:
                return _behind(name, facts)
            await asyncio.sleep(LOOK)
    return None


def _behind(name: str, facts: observe.LinkFacts) -> str:
    if not facts.placed:
        return f"{name} has not begun"
    if facts.pending:
        return f"{name} has not applied everything in time"
    return f"on the way {name} wait: {', '.join(sorted(facts.held))}"
