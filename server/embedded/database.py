"""Databases inside a server of our own."""

from __future__ import annotations

import asyncpg

from triggers.identifiers import identifier
from triggers.statements import render, statement

_PACKAGE = "server.embedded"


async def ensure(url: str, name: str) -> bool:
    """Make a database where it is missing.

    Args:
        url: any other database of the server, as a role that may make databases.
        name: the database's name.

    Returns:
        Whether it was made.
    """
    connection = await asyncpg.connect(url)
    try:
        if await connection.fetchval(statement("database_exists", _PACKAGE), name):
            return False
        try:
            await connection.execute(render("create_database", _PACKAGE, database=identifier(name)))
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            return False  # another process was first
        return True
    finally:
        await connection.close()
