"""Keeps changelogs and the record of decisions short: what is not needed any more is deleted, in small batches."""

from __future__ import annotations

from typing import Final

from cdc.durability import make_durable
from cdc.history import contradiction, oldest
from cdc.model import Side
from cdc.position import Seen, Witness
from cdc.session import Connection
from triggers.statements import statement

KEPT_S: Final = 300
"""How long applied changes stay for people to look back."""
ROWS: Final = 5_000
ROUNDS: Final = 20
"""At most ROWS * ROUNDS changes are deleted in one go; a large backlog goes away over some minutes."""


async def prune(source: Connection, target: Connection, side: Side, *, kept_s: float = KEPT_S) -> int:
    """Delete what the target has applied of the source and is older than `kept_s` seconds.

    Args:
        source: the database whose changelog is pruned.
        target: the database that holds the link's position.
        side: the source's side.
        kept_s: seconds that applied changes are kept.

    Returns:
        How many changes were deleted; 0 while the link has no position, or one that is not of this source's
        history.
    """
    rows = await target.fetch(statement("prune_point", "cdc"), side)
    if not rows or await contradiction(source, target, side) is not None:
        return 0
    seen = oldest([Seen.parse(row["seen"]) for row in rows])
    witness = next((Witness.parse(row["last_change"]) for row in rows if row["last_change"]), None)
    last = witness.seq if witness else None
    await make_durable(target)
    await source.execute(statement("consumed", "cdc"), str(seen))
    await target.execute(statement("subsumed_passed", "cdc"), side, str(seen))
    total = 0
    for _ in range(ROUNDS):
        deleted: int = await source.fetchval(statement("prune", "cdc"), str(seen), float(kept_s), ROWS, last)
        total += deleted
        if deleted < ROWS:
            break
    return total


async def forget_decisions(connection: Connection, *, days: int) -> int:
    """Delete conflicts of one side that were decided or ended longer ago than `days`. Returns how many."""
    deleted: int = await connection.fetchval(statement("decisions_forget", "cdc"), days, ROWS)
    return deleted
