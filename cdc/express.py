"""One change alone, the usual batch of a quiet system: claimed and applied in one round trip instead of four or five.

It is tried where nothing else has to be done in the same transaction, and leaves everything that is not as it should
be to the ordinary way.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from cdc.applier import Applier
from cdc.change import Batch
from cdc.claim import ALONE, advance
from cdc.execution import Prepared
from cdc.model import Op
from cdc.numbers import fed
from cdc.obstacles import changes_rows
from cdc.position import Position
from cdc.undone import Outcome
from cdc.workset import TableChanges

_PLAIN: Final = {Op.INSERT, Op.UPDATE, Op.DELETE}


async def express(applier: Applier, before: Position, batch: Batch) -> Outcome | None:
    """Apply a batch of one change and move the position, all in one statement.

    Args:
        applier: the link's, prepared for the batch.
        before: the position as it is stored.
        batch: what was read.

    Returns:
        None where it was not done: nothing of it stays, and the ordinary way finds out why.
    """
    change = batch.changes[0]
    plain = len(batch.changes) == 1 and change.op in _PLAIN
    if not plain or not applier.unhindered or applier.tables.is_held(change):
        return None
    part = TableChanges(change.table_id, change.columns, [change])
    for item in applier.tables.prepared([part]):
        if not _alone(item, change.op, replica=applier.target.replica):
            return None
        shapes = applier.tables.written([change.table_id])
        claim = advance(applier.source, before, batch.after, 1, shapes)
        try:
            row = await applier.target.connection.fetchrow(
                item.mapping.uniform(change.op, ALONE),
                *claim,
                applier.target.patience.statement_timeout,
                change.seq,
                str(change.txid),
                change.old,
                change.new,
                str(sum(shape.mark + shape.surroundings.mark for shape in shapes)),
            )
        except asyncpg.PostgresError:
            return None
        return Outcome(applied=1) if row is not None else None
    return None


def _alone(item: Prepared, op: Op, *, replica: bool) -> bool:
    """Whether nothing but the row has to be written, and no trigger fires. Pure."""
    shape = item.mapping.shape
    counts = op is not Op.DELETE and bool(fed(item.mapping, shape.sequences, inserts=op is Op.INSERT))
    late = bool(shape.deferrable)
    return (
        replica
        and item.mapping.is_uniform(op)
        and not (late or counts or changes_rows(shape, replica=replica))
    )
