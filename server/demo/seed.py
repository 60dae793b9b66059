"""Furnishes an empty database with the demo's club."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg

from server.demo.history import History
from triggers.statements import statement

_PACKAGE = "server.demo"
_TIMEOUT = 30.0  # seconds for any one statement; the whole takes about one


async def prepare(main_url: str) -> bool:
    """Create and fill the club's tables in MAIN where it is empty; BACKUP is filled by first contact.

    Args:
        main_url: libpq URI of MAIN.

    Returns:
        True when the club was made; False when the database already holds tables, which are left alone.

    Raises:
        OSError: the server cannot be reached.
        asyncpg.PostgresError: it refuses; nothing is left behind.
    """
    connection = await asyncpg.connect(main_url, command_timeout=_TIMEOUT)
    try:
        async with connection.transaction():
            await connection.execute(statement("furnish_lock", _PACKAGE))
            if not await connection.fetchval(statement("is_empty", _PACKAGE)):
                return False
            await furnish(connection, datetime.now(UTC))
            return True
    finally:
        await connection.close()


async def furnish(connection: asyncpg.Connection, now: datetime) -> None:
    """Create the tables and copy in the thirty days that end at `now` (UTC); same `now`, same rows."""
    await connection.execute(statement("schema", _PACKAGE))
    for rows in History(now).tables():
        await connection.copy_records_to_table(
            rows.table, schema_name="public", columns=rows.columns, records=rows.values
        )
