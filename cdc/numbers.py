"""Numbers of sequences that a column's default makes into something else: `'A-' || nextval(...)`.

Rows do not tell them, so the sequence of the same name follows the source's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from cdc.session import Connection
from cdc.shape import TableShape
from triggers.identifiers import fragment, number
from triggers.statements import render, statement


async def follow(source: Connection, target: Connection, shapes: Iterable[TableShape]) -> None:
    """Move sequences past what the source's have given, before the rows come that were made of these numbers.

    Moving is not undone with a transaction. A sequence that the source has not, by its name, stays where it is.

    Args:
        source: where rows were inserted.
        target: where they will be.
        shapes: the target's tables that they belong to.
    """
    for sequence in dict.fromkeys(sequence for shape in shapes for sequence in shape.drawn):
        given = await source.fetchval(statement("sequence_given", "cdc"), sequence)
        if given is not None:
            text = fragment("SELECT {number}::text AS number", number=number(given))
            await target.execute(render("sequence_advance", "cdc", sequence=sequence, given=text))
