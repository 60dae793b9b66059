"""Names the row that keeps a table from being read as text."""

from __future__ import annotations

from typing import Final

from cdc.fields import has_text, weight
from cdc.session import Connection
from cdc.shape import TableShape
from cdc.snapshot.errors import SnapshotRefused
from triggers.identifiers import fragment, identifier
from triggers.statements import render

LIMITS: Final = frozenset({"54000", "XX000"})
"""What the server says then: out of memory for a string, or an invalid size to allocate."""


async def too_large(connection: Connection, shape: TableShape) -> SnapshotRefused | None:
    """Look for a row that is too large; None where there is none.

    Args:
        connection: one that sees what was read.
        shape: the table.
    """
    size = weight((fragment("t.{c}", c=identifier(column.name)), column) for column in shape.columns)
    key = next((key.columns for key in shape.keys), ())
    names = [fragment("t.{c}", c=identifier(name)) for name in key]
    row_id = shape.name_of(key, names) if names else fragment("t.ctid::text")
    sql = render("too_large", "cdc.snapshot", table=shape.relation, row_id=row_id, fits=has_text(size))
    found = await connection.fetchval(sql)
    if found is None:
        return None
    return SnapshotRefused(
        f"{shape.entity} cannot be read: its row {found} has no text, which would be larger than 1 GB",
        hint="bytea counts twice, as it is printed; keep such values in parts, or outside of the database",
    )
