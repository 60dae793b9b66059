"""Gives what is kept of a table's rows the names that both sides have given its columns, before these are noted.

Until then nobody decides on such a row, and none that was put off is tried: their images could be taken for other
columns'. BACKUP goes first; where somebody dies in between, it is done again, and finds what has been done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import asyncpg

from cdc.definition import Definition, Definitions
from cdc.errors import PositionBusy
from cdc.former import read_former, read_half
from cdc.kept import kept_names, moved_names
from cdc.model import Entity, Side
from cdc.names import Former
from cdc.renamed import GONE, gone, unsettled
from cdc.shape import TableShape
from cdc.target import Target, lock_position
from triggers.statements import statement

LEFT_OUT: Final = "its table is not synced any more"


async def note(
    targets: Mapping[Side, Target], entity: Entity, now: Definitions, before: Definitions | None
) -> bool:
    """Note what a table looks like on both sides; all that is kept of its rows goes by that from here on.

    Returns:
        Whether it is noted; not while somebody holds a position.
    """
    main, backup = targets[Side.MAIN].connection, targets[Side.BACKUP].connection
    try:
        async with backup.transaction():
            await _follow(targets, Side.BACKUP, entity, before)
        async with main.transaction():
            await _follow(targets, Side.MAIN, entity, before)
            await main.execute(statement("definition_note", "cdc"), str(entity), now.dump())
    except (PositionBusy, asyncpg.LockNotAvailableError):
        return False
    return True


async def give_up(targets: Mapping[Side, Target]) -> bool:
    """End what is kept of tables that both sides have dropped: another one of the name is not to be given it.

    What is kept of a table that is left out ends with the last of its changes: nobody could decide it.

    Returns:
        Whether it is done; not while somebody holds a position.
    """
    noted = await read_former(targets[Side.MAIN].connection) or {}
    left_out = await _left_out(targets, noted)
    names = gone(noted, {side: target.shapes for side, target in targets.items()})
    for side, target in targets.items() if names else ():
        oids = [noted[name].sides[side].relid for name in names]
        rows = await target.connection.fetch(statement("definition_there", "cdc"), oids)
        there = {row["oid"] for row in rows}  # in a schema that is not synced now
        names = {name for name in names if noted[name].sides[side].relid not in there}
    try:
        for side in (Side.BACKUP, Side.MAIN) if names or left_out else ():
            connection = targets[side].connection
            async with connection.transaction():
                await lock_position(connection, side.other)
                await connection.execute(statement("names_taken", "cdc"), list(names), [], GONE)
                await connection.execute(statement("names_taken", "cdc"), list(left_out), [], LEFT_OUT)
                for name in names if side is Side.MAIN else ():
                    await connection.execute(statement("definition_forget", "cdc"), name)
    except (PositionBusy, asyncpg.LockNotAvailableError):
        return False
    return True


async def _left_out(targets: Mapping[Side, Target], noted: Former) -> set[str]:
    """Names of tables that are there, that something is kept of, and that neither side captures any more."""
    kept, captured, present = set[str](), set[str](), set[str]()
    for target in targets.values():
        kept |= {row["entity"] for row in await target.connection.fetch(statement("names_kept", "cdc"))}
        rows = await target.connection.fetch(statement("captured_tables", "cdc"))
        captured |= {str(Entity(row["schema_name"], row["table_name"])) for row in rows}
        present |= {str(entity) for entity in target.shapes}
    if not kept - captured:
        return set()
    half = await read_half(targets[Side.BACKUP].connection)
    turning = unsettled(noted, {side: target.shapes for side, target in targets.items()}, half)
    return (kept & present) - captured - turning


async def _follow(
    targets: Mapping[Side, Target], side: Side, entity: Entity, before: Definitions | None
) -> None:
    """Rename columns in the entries that one side keeps, inside its open transaction."""
    shapes = {each: target.shapes.get(entity) for each, target in targets.items()}
    both = {each: (before.sides[each], shape) for each, shape in shapes.items() if before and shape}
    moved = {name for each in both.values() for name in moved_names(*each)}
    if not moved or len(both) < len(Side):
        return
    connection = targets[side].connection
    await lock_position(connection, side.other)
    ways = []
    for row in await connection.fetch(statement("columns_kept", "cdc"), str(entity)):
        pairs = _pairs(row["columns"], *both[side if row["own"] else side.other])
        if pairs is not None:
            ways.append((row["own"], row["columns"], pairs))
    if ways:
        columns = [list(each) for each in zip(*ways, strict=True)]
        await connection.execute(statement("columns_follow", "cdc"), str(entity), *columns, sorted(moved))


def _pairs(columns: str, before: Definition, now: TableShape) -> str | None:
    """What becomes of an image's columns as JSON text; None where they stay as they are."""
    names: list[str] = json.loads(columns)
    pairs = kept_names(before, now, names)
    if not pairs or [name for name, _ in pairs] == names:
        return None
    return json.dumps(pairs, ensure_ascii=False)
