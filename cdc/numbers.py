"""Has sequences follow the numbers that the other side has given, so that this side gives others.

Where a column's default makes something else of them, `'A-' || nextval(...)`, rows do not tell them: the sequence of
the same name follows the source's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cdc.mapping import Mapping as Table
from cdc.model import Op
from cdc.session import Connection
from cdc.workset import Part
from triggers.identifiers import Composed, fragment, number
from triggers.statements import render, statement


def fed(
    table: Table, sequences: Mapping[str, list[Composed]], *, inserts: bool
) -> list[tuple[str, Composed]]:
    """Columns with the sequences whose numbers changes may bring. Pure.

    Args:
        table: the changes' mapping.
        sequences: of the table, by column.
        inserts: whether there are new rows among the changes; others are not given new keys.
    """
    columns = [column for column in sequences if inserts or column not in table.key_columns]
    return [(column, sequence) for column in columns for sequence in sequences[column]]


async def advance(target: Connection, table: Table, part: Part) -> None:
    """Move sequences past the numbers of changes. Moving is not undone with a transaction.

    Args:
        target: where the changes are carried out.
        table: their mapping.
        part: the changes.
    """
    if part.op is Op.DELETE or not table.shape.sequences:
        return
    for column, sequence in fed(table, table.shape.sequences, inserts=part.inserts):
        if column in table.columns:
            sql = table.sequence_advance(column, sequence, part.batch)
            await target.execute(sql, *part.arguments())


async def follow(source: Connection, target: Connection, sequences: Iterable[Composed]) -> None:
    """Move sequences past what the source's have given, before the rows come that were made of these numbers.

    A sequence that the source has not, by its name, stays where it is.

    Args:
        source: where rows were written.
        target: where they will be.
        sequences: the target's.
    """
    for sequence in dict.fromkeys(sequences):
        given = await source.fetchval(statement("sequence_given", "cdc"), sequence)
        if given is not None:
            text = fragment("SELECT {number}::text AS number", number=number(given))
            await target.execute(render("sequence_advance", "cdc", sequence=sequence, given=text))
