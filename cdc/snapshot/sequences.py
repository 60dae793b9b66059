"""Moves a database's sequences on after a restore: the next number is one that no restored row has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cdc.sequence_copy import SequenceState, forward
from cdc.session import Connection
from cdc.shape import TableShape
from cdc.snapshot.format import SequenceHead
from cdc.snapshot.staging import PACKAGE
from triggers.identifiers import Composed, identifier, qualified
from triggers.statements import render, statement


async def move(
    connection: Connection,
    heads: Sequence[SequenceHead],
    tables: Mapping[str, TableShape],
    schemas: Sequence[str],
) -> int:
    """Move sequences forward to where the file has them, and past the rows of the columns that they number.

    They never go back, and count in the database's own steps: odd ones stay odd. Moving is not undone with the
    transaction, so this comes last.

    Args:
        connection: of the session that writes.
        heads: the file's sequences.
        tables: the restored tables by entity.
        schemas: where the database's sequences are.

    Returns:
        How many were moved.
    """
    steps = {
        qualified(row["schema_name"], row["sequence_name"]): row["increment"]
        for row in await connection.fetch(statement("sequence_list", "cdc"), list(schemas))
    }
    moved = 0
    for head in heads:
        name = qualified(head.schema, head.name)
        if name not in steps or (head.entity is not None and head.entity not in tables):
            continue
        states = [SequenceState(head.last_value, head.is_called, head.increment)]
        if head.entity is not None and head.column is not None:
            states += await _high(connection, tables[head.entity], head.column, steps[name])
        for state in states:
            moved += await _move(connection, name, state, steps[name])
    return moved


async def _high(
    connection: Connection, table: TableShape, column: str, increment: int
) -> list[SequenceState]:
    """Where a sequence must be at least, going by the column's numbers; nothing where it counts down."""
    if increment < 0:
        return []
    high = await connection.fetchval(
        render("column_high", PACKAGE, column=identifier(column), table=table.relation)
    )
    return [] if high is None else [SequenceState(high, called=True, increment=increment)]


async def _move(connection: Connection, name: Composed, wanted: SequenceState, increment: int) -> bool:
    row = await connection.fetchrow(render("sequence_value", "cdc", sequence=name))
    if row is None:
        return False
    setting = forward(wanted, SequenceState(row["last_value"], row["is_called"], increment))
    if setting is not None:
        await connection.execute(statement("sequence_set", "cdc"), name, *setting)
    return setting is not None
