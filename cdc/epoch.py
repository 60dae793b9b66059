"""The identity of a source's history, compared on every connect."""

from __future__ import annotations

from cdc.session import Connection
from triggers.statements import statement


async def epoch(connection: Connection) -> str:
    """Read `token:system identifier:timeline:database oid` of the database behind `connection`.

    Raises:
        asyncpg.UndefinedTableError: schema cdc is not installed there.
    """
    row = await connection.fetchrow(statement("epoch", "cdc"))
    if row is None:
        raise LookupError("cdc.node is empty: schema cdc is damaged; run install-triggers")
    return ":".join(str(part) for part in row.values())
