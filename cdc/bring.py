"""Brings one row from the source to the target, its large values piece by piece: memory does not grow with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cdc.applier import Applier
from cdc.change import Change
from cdc.errors import SchemaMismatch
from cdc.fields import is_binary
from cdc.fit import check_fit
from cdc.mapping import Mapping
from cdc.model import Op
from cdc.session import make_private
from cdc.shape import Column
from triggers.statements import statement

PIECE: Final = 8 * 1024 * 1024
"""Bytes of a large value that are under way at a time."""
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def bring(
    applier: Applier, number: int, here: Mapping, there: Mapping, key: Sequence[str]
) -> tuple[str, frozenset[str]]:
    """Read a row in the source's open snapshot, and have its large values lie beside the target's tables.

    Args:
        applier: the link's.
        number: the table's in the changelog.
        here: the table's mapping on the target, of images with all the source's columns.
        there: the same on the source.
        key: the texts of the row's key.

    Returns:
        The row's text, its large values left out, and the columns that these belong to.

    Raises:
        SchemaMismatch: the target has no place for a value.
    """
    source, target = applier.reader.connection, applier.target
    row = await source.fetchrow(there.row_rest, key)
    if row is None:
        raise LookupError("a row that a snapshot holds was not found in it")
    former = target.former.get(here.entity)
    shape = applier.reader.shapes.get(here.entity)
    check_fit(here, shape, former, [alone(number, here.columns, Op.INSERT, None, row["rest"])])
    await make_private(target.connection, statement("piece_make", "cdc"))
    large = set()
    for column, size in zip(there.in_pieces, row["sizes"], strict=True):
        own = _own(here, column) if size is not None else None
        if own is not None:
            large.add(column.name)
            await _bring_value(applier, there.row_piece(column), key)
            await target.connection.execute(here.piece_join(own))
    return row["rest"], frozenset(large)


async def _bring_value(applier: Applier, sql: str, key: Sequence[str]) -> None:
    source, target = applier.reader.connection, applier.target.connection
    part, last = 0, False
    while not last:
        piece = await source.fetchval(sql, key, part * PIECE + 1, PIECE)
        await target.execute(statement("piece_add", "cdc"), part, piece)
        part, last = part + 1, len(piece) < PIECE


def _own(here: Mapping, column: Column) -> Column | None:
    """The target's column that a large value belongs to; None where the target computes it."""
    own = here.shape.column(column.name)
    if own is not None and own.generated:
        return None
    if own is None or own not in here.in_pieces or is_binary(own) != is_binary(column):
        raise SchemaMismatch(
            f"{here.entity}: a value of {column.name} is too large for the column on the target",
            entity=str(here.entity),
            hint="give both sides the same columns; the row comes by itself",
        )
    return own


def alone(number: int, columns: tuple[str, ...], op: Op, old: str | None, new: str | None) -> Change:
    """A change of a row as it is found now, which is in no changelog."""
    return Change(0, 0, _NEVER, number, op, columns, old, new)
