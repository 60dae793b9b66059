"""Moments on both sides, and waiting until both links have applied everything up to one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from cdc import observe
from cdc.model import Side
from cdc.session import Connection
from triggers.statements import statement

LOOK_S: Final = 0.05

Moments = Mapping[Side, str]
"""What was visible on each side at some moment, texts of snapshots."""


async def moments(sides: Mapping[Side, Connection]) -> Moments:
    """What is committed on each side now."""
    return {side: await observe.moment(connection) for side, connection in sides.items()}


async def applied(sides: Mapping[Side, Connection]) -> Moments:
    """What of each side the other has applied; where no link leads there, what is committed now."""
    found = dict(await moments(sides))
    for side in Side:
        row = await sides[side.other].fetchrow(statement("observe_position", "cdc"), side)
        if row is not None:
            found[side] = row["seen"]
    return found


async def passed(sides: Mapping[Side, Connection], upto: Moments, patience_s: float) -> tuple[Side, ...]:
    """Wait until each link has applied all of its source that was committed at a moment.

    Args:
        sides: a connection to each.
        upto: the moments.
        patience_s: seconds for a link.

    Returns:
        The sources of links that have not, when patience ended. A link that does not exist has nothing to do.
    """
    behind = []
    for side in Side:
        try:
            async with asyncio.timeout(patience_s):
                while await _is_behind(sides, side, upto[side]):  # noqa: ASYNC110 - a database tells nobody
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            behind.append(side)
    return tuple(behind)


async def _is_behind(sides: Mapping[Side, Connection], side: Side, upto: str) -> bool:
    facts = await observe.link_status(sides[side], sides[side.other], side, upto=upto)
    return facts.placed and facts.pending > 0
