"""Deferrable unique and exclusion constraints, which the server does not check under the replica role."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg

from cdc.mapping import Mapping
from cdc.target import Target
from cdc.undone import LOCKED
from cdc.workset import Part
from triggers.statements import statement

LOOK_S: Final = 0.005


async def check_unique(target: Target, mapping: Mapping, part: Part) -> None:
    """Check the rows that a batch wrote against a table's deferrable constraints.

    A transaction that wrote the same value before us and has not ended is not seen by any query, and, having met
    no duplicate, will not look again. So those that write to the table now are waited for, for as long as for a lock;
    ones that come later find our rows and wait for us.

    Args:
        target: where the batch was applied under the replica role.
        mapping: the table's mapping.
        part: the changes that were applied.

    Raises:
        asyncpg.UniqueViolationError: two rows collide.
        asyncpg.LockNotAvailableError: other writers did not end in time.
    """
    if not mapping.shape.deferrable:
        return
    await _await_writers(target, mapping.shape.relid)
    for constraint in mapping.shape.deferrable:
        row = await target.connection.fetchrow(mapping.collisions(constraint, part.batch), *part.arguments())
        if row is not None:
            error = asyncpg.UniqueViolationError(
                f"{mapping.entity} would have {row['value']} twice ({constraint.name})"
            )
            error.constraint_name = constraint.name
            raise error


async def _await_writers(target: Target, relid: int) -> None:
    connection, writers = target.connection, statement("unique_writers", "cdc")
    waited_for = [row["transaction"] for row in await connection.fetch(writers, relid, None)]
    while waited_for:
        if target.patience_s <= 0:
            raise asyncpg.LockNotAvailableError(LOCKED)
        target.patience_s -= LOOK_S
        await asyncio.sleep(LOOK_S)
        waited_for = [row["transaction"] for row in await connection.fetch(writers, relid, waited_for)]
