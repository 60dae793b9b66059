"""Gives what is kept under a table's name the new name, once both sides have renamed the table alike.

BACKUP goes first, and says so until MAIN has followed: whatever happens in between, the next look knows how far it
got. Until then the links hold the table, so that nothing else is kept under either name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from cdc.definition import Definitions
from cdc.errors import PositionBusy
from cdc.former import read_former, read_half
from cdc.model import Side
from cdc.renamed import GONE, moves, renamed, unsettled
from cdc.session import Connection
from cdc.target import Target, lock_position
from triggers.statements import statement

_HALF: Final = "(half renamed)"
"""Beside what tables looked like, on BACKUP only; no table has such a name there, as nothing is noted on it."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Names that were given, and those that were not, because somebody holds a position."""

    given: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)


async def follow(targets: Mapping[Side, Target]) -> Followed:
    """Rename what is kept of tables that were renamed; their shapes have just been read."""
    main, backup = (targets[side].connection for side in Side)
    former = await read_former(main)
    if former is None:
        return Followed()
    new = renamed(former, {side: target.shapes for side, target in targets.items()})
    half = await read_half(backup)
    there = moves(former, new, half)
    if not new and not half:
        return Followed()
    relids = {name: str(former[name].sides[Side.MAIN].relid) for name in new}
    try:
        async with backup.transaction():
            await _move(backup, Side.BACKUP, there)
            said = json.dumps({relids[name]: each for name, each in new.items()})
            await backup.execute(statement("definition_note", "cdc"), _HALF, said)
        async with main.transaction():
            await _move(main, Side.MAIN, new)
            await _note(main, {each: former[name] for name, each in new.items()}, new)
    except (PositionBusy, asyncpg.LockNotAvailableError):
        return Followed(busy={*new, *new.values()})
    await _finish(backup)
    return Followed(given={*new.values()})


async def elsewhere(targets: Mapping[Side, Target], names: set[str]) -> set[str]:
    """Which names that no table has any more are those of tables that were renamed."""
    for target in targets.values():
        await target.refresh()
    former = await read_former(targets[Side.MAIN].connection) or {}
    sides = {side: target.shapes for side, target in targets.items()}
    return names & unsettled(former, sides, {})


async def _move(connection: Connection, side: Side, new: Mapping[str, str]) -> None:
    """Rename what one side keeps, inside its open transaction; nothing is applied there meanwhile."""
    if new:
        await lock_position(connection, side.other)
        names = list(new.values())
        await connection.execute(statement("names_taken", "cdc"), names, list(new), GONE)
        await connection.execute(statement("names_away", "cdc"), list(new), names)
        await connection.execute(statement("names_given", "cdc"), names)


async def _note(main: Connection, noted: Mapping[str, Definitions], new: Mapping[str, str]) -> None:
    for name in new:
        await main.execute(statement("definition_forget", "cdc"), name)
    for name, each in noted.items():
        await main.execute(statement("definition_note", "cdc"), name, each.dump())


async def _finish(backup: Connection) -> None:
    await backup.execute(statement("definition_forget", "cdc"), _HALF)
