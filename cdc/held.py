"""Tables that wait until the two schemas agree; the others go on meanwhile.

A held table has a position of its own, so that nothing it still needs is pruned. It is tried again every few
seconds: once its changes fit, those that the link passed over are applied, and the table joins the link again.
"""

from __future__ import annotations

from typing import Final

from cdc.applier import Applier
from cdc.errors import SchemaMismatch
from cdc.position import Position, Seen
from cdc.residue import Outcome
from triggers.statements import statement

RETRY_S: Final = 2.0


async def load(applier: Applier) -> None:
    """Learn which tables are held, after a connect."""
    rows = await applier.target.connection.fetch(statement("held_list", "cdc"), applier.source)
    applier.held = {row["entity"] for row in rows}


async def hold(applier: Applier, mismatch: SchemaMismatch) -> None:
    """Hold a table at the link's present position, before the batch that does not fit is applied."""
    await applier.target.connection.execute(
        statement("held_begin", "cdc"), applier.source, mismatch.entity, str(mismatch)
    )
    applier.held.add(mismatch.entity)


async def release(applier: Applier, link: Position) -> Outcome:
    """Try every held table again; those that fit catch up with the link and join it.

    Args:
        applier: the link's applier; no batch of it is being applied.
        link: what the link has applied; inside a paged window nothing is released.

    Raises:
        asyncpg.PostgresError: as `Applier.apply`, from a table's changes.
    """
    if link.window_to is not None:
        return Outcome()
    await applier.target.refresh()
    await applier.reader.read_tables()
    outcome = Outcome()
    for row in await applier.target.connection.fetch(statement("held_list", "cdc"), applier.source):
        try:
            outcome += await _catch_up(
                applier, row["entity"], Seen.parse(row["seen"]), row["last_seq"], link.seen
            )
        except SchemaMismatch as mismatch:
            applier.held.add(row["entity"])
            await hold(applier, mismatch)
    return outcome


async def _catch_up(applier: Applier, entity: str, seen: Seen, last_seq: int | None, to: Seen) -> Outcome:
    connection, outcome = applier.target.connection, Outcome()
    table_id = applier.reader.number(entity)
    applier.held.discard(entity)
    while table_id is not None:
        changes = await applier.reader.read_held(seen, to, table_id, last_seq)
        if not changes:
            break
        await applier.prepare(changes)
        last_seq = changes[-1].seq
        async with connection.transaction():
            await connection.fetchrow(
                statement("held_advance", "cdc"),
                applier.source,
                entity,
                str(to),
                last_seq,
                applier.target.role,
            )
            applier.expect_live()
            outcome += await applier.apply_changes(changes)
    await connection.execute(statement("held_end", "cdc"), applier.source, entity)
    return outcome
