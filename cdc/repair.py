"""Makes rows of one side equal to the other's, as if a person had decided each of them for that other side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cdc import records
from cdc.decision import Decision
from cdc.errors import ConflictMoved, ConflictNotFound, PositionBusy, ResolutionRefused
from cdc.finding import Row
from cdc.model import ConflictStatus, ConflictType, Resolution, Side
from cdc.pairing import Pair
from cdc.records import Entry
from cdc.resolve import Resolver
from cdc.target import lock_position

REASON: Final = "verify found the two rows different"
_Item = tuple[Pair, str]


async def repair_rows(resolver: Resolver, items: Iterable[_Item], loser: Side) -> dict[str, int]:
    """Give one side the other's rows, one by one; what it had stays readable in its cdc.sync_state.

    Rows that refer to each other are tried again once others are done. What is refused to the end, or changes
    meanwhile, stays as an open conflict.

    Args:
        resolver: entered.
        items: a table and a record's id each; `here` of the pair is the side that is written.
        loser: that side.

    Returns:
        How many rows were made equal, by table.

    Raises:
        ConnectivityError: a side went away; what was done stays.
    """
    done: dict[str, int] = {}
    waiting, before = list(items), -1
    while waiting and len(waiting) != before:
        before, refused = len(waiting), []
        for item in waiting:
            try:
                if await _repair(resolver, *item, loser):
                    name = str(item[0].entity)
                    done[name] = done.get(name, 0) + 1
            except (ResolutionRefused, ConflictMoved, PositionBusy):
                refused.append(item)
            except ConflictNotFound:
                continue  # decided by somebody else a moment ago
        waiting = refused
    return done


async def _repair(resolver: Resolver, pair: Pair, entity_id: str, loser: Side) -> bool:
    ((here, there),) = await pair.read([entity_id])
    if here.common == there.common:
        return False
    connection = pair.here.connection
    async with connection.transaction():
        # Held until the entry is there, so that no link decides on the row meanwhile.
        await lock_position(connection, loser.other)
        await records.record(connection, _entry(pair, entity_id, loser, here, there))
    resolution = Resolution(loser.other.value)
    await resolver.resolve(Decision(str(pair.entity), entity_id, resolution, "verify", reason=REASON))
    return True


def _entry(pair: Pair, entity_id: str, loser: Side, here: Row, there: Row) -> Entry:
    kind = ConflictType.UPDATE_ORIGIN_DIFFERS
    if here.image is None:
        kind = ConflictType.UPDATE_MISSING
    elif there.image is None:
        kind = ConflictType.DELETE_ORIGIN_DIFFERS
    return Entry(
        loser.other,
        pair.entity,
        entity_id,
        kind,
        ConflictStatus.OPEN,
        base=None,
        incoming=there.image,
        current=here.image,
        reason=REASON,
    )
