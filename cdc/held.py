"""Tables that wait until the two schemas agree; the others go on meanwhile.

A held table has a position of its own, so that nothing it still needs is pruned. It is tried again every few
seconds: once its changes fit, those that the link passed over are applied, and the table joins the link again.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from cdc.applier import Applier
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.faults import Blame, judge
from cdc.position import Position, Seen
from cdc.splitter import take_apart
from cdc.target import ShapeMoved, check_marks, lock_position
from cdc.undone import Outcome
from triggers.statements import statement

RETRY_S: Final = 2.0


async def load(applier: Applier) -> None:
    """Learn which tables are held, after a connect."""
    connection, source = applier.target.connection, applier.source
    rows = await connection.fetch(statement("held_list", "cdc"), source)
    for entity in [row["entity"] for row in rows if not row["table_id"]]:
        # Held by an earlier release. One whose name the source has no more was dropped there.
        number = applier.reader.number(entity)
        if number is not None:
            await connection.execute(statement("held_number", "cdc"), source, entity, number)
    await connection.execute(statement("held_end", "cdc"), source, 0)
    rows = await connection.fetch(statement("held_list", "cdc"), source)
    applier.tables.held = {row["table_id"] for row in rows}


async def hold(applier: Applier, mismatch: SchemaMismatch, number: int | None = None) -> None:
    """Hold a table at the link's present position, before the batch that does not fit is applied.

    It is held by its number: it may be renamed before it fits, and another table may be given its name.

    Args:
        applier: the link's applier.
        mismatch: why, and what the table was called a moment ago.
        number: the table's; None: the one of that name, and none where it was renamed meanwhile: it is met again.
    """
    number = applier.reader.number(mismatch.entity) if number is None else number
    if number is None:
        return
    await applier.target.connection.execute(
        statement("held_begin", "cdc"), applier.source, number, mismatch.entity, str(mismatch)
    )
    applier.tables.held.add(number)


async def release(applier: Applier, link: Position) -> Outcome:
    """Try every held table again; those that fit catch up with the link and join it.

    Args:
        applier: the link's applier; no batch of it is being applied.
        link: what the link has applied; inside a paged window nothing is released.

    Raises:
        asyncpg.PostgresError: the target refused a table's changes for a reason that is no row's.
    """
    if link.window_to is not None:
        return Outcome()
    await applier.tables.refresh()
    outcome = Outcome()
    for row in await applier.target.connection.fetch(statement("held_list", "cdc"), applier.source):
        number = row["table_id"]
        to = row["window_to"]
        reached = Position(
            row["epoch"], Seen.parse(row["seen"]), Seen.parse(to) if to else None, row["last_seq"]
        )
        applier.tables.held.discard(number)
        try:
            outcome += await _catch_up(applier, number, reached, link.seen)
        except SchemaMismatch as mismatch:
            await hold(applier, mismatch, number)
        except (PositionBusy, ShapeMoved):
            applier.tables.held.add(number)
        except asyncpg.PostgresError as error:
            applier.tables.held.add(number)
            # Altered or locked at this moment; it is tried again.
            if judge(error.sqlstate).blame not in {Blame.SHAPE, Blame.LOCK}:
                raise
        except BaseException:
            applier.tables.held.add(number)
            raise
    return outcome


async def _catch_up(applier: Applier, table_id: int, reached: Position, to: Seen) -> Outcome:
    """Apply what the link passed over of one table, page by page, each in a transaction of its own."""
    outcome = Outcome()
    if reached.window_to is not None:
        # What was committed after that window may have lower numbers: it is a window of its own.
        outcome += await _drain(applier, table_id, reached)
        reached = reached.finished(reached.window_to)
    outcome += await _drain(applier, table_id, reached.paged(to, 0))
    await applier.target.connection.execute(statement("held_end", "cdc"), applier.source, table_id)
    return outcome


async def _drain(applier: Applier, table_id: int, reached: Position) -> Outcome:
    connection, outcome = applier.target.connection, Outcome()
    while changes := await applier.reader.read_held(reached, table_id):
        await applier.prepare(changes)
        reached = reached.paged(reached.window_to or reached.seen, changes[-1].seq)
        async with applier.careful(), connection.transaction():
            await connection.fetchrow(
                statement("held_advance", "cdc"),
                applier.source,
                table_id,
                str(reached.seen),
                str(reached.window_to),
                reached.last_seq,
            )
            # The table may have been altered since the page before, and the values be another column's by now.
            shapes = applier.tables.written([table_id])
            locked = await lock_position(connection, applier.source, [shape.relid for shape in shapes])
            check_marks(shapes, locked["mark"] if locked is not None else 0)
            applier.expect_live()
            outcome += await take_apart(applier, changes, refreshed=True)
    return outcome
