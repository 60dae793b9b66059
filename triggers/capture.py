"""The four capture triggers of one table or partition."""

from __future__ import annotations

from collections.abc import Iterable

from triggers.catalog import Connection
from triggers.identifiers import Composed, fragment, identifier, number
from triggers.statements import render, statement

_TYPES = {"insert": 4, "update": 16, "delete": 8, "truncate": 34}
"""pg_trigger.tgtype: AFTER STATEMENT triggers, and a BEFORE STATEMENT one."""

MOST_EXISTING = 100_000
"""Rows of a new table that are recorded; in larger ones the two sides are compared."""


def expected(table_id: int) -> set[str]:
    """The triggers of a captured relation, as `Relation.triggers` has them."""
    return {f"capture_{op} A {table_id} {type_} t cdc_capture_{op}" for op, type_ in _TYPES.items()}


async def lock(connection: Connection, table: Composed, *, exclusive: bool) -> None:
    """Take the lock that making (share row exclusive) or dropping (access exclusive) a trigger needs."""
    mode = fragment("ACCESS EXCLUSIVE") if exclusive else fragment("SHARE ROW EXCLUSIVE")
    await connection.execute(render("lock_table", table=table, mode=mode))


async def create(connection: Connection, table: Composed, table_id: int) -> None:
    """Make the triggers; what they capture is recorded under `table_id`."""
    await connection.execute(render("capture_create", table=table, id=number(table_id)))


async def record_existing(connection: Connection, table: Composed, table_id: int) -> None:
    """Record the rows that a new table has already. Inside the transaction that makes its triggers."""
    await connection.execute(statement("capture_begin"), table_id, table, MOST_EXISTING)


async def drop(connection: Connection, table: Composed, names: Iterable[str]) -> None:
    """Drop triggers by name."""
    for name in names:
        await connection.execute(render("capture_drop", trigger=identifier(name), table=table))


async def remove(connection: Connection, table: Composed, names: Iterable[str]) -> None:
    """Lock a table and drop triggers of ours from it. Inside a transaction."""
    await lock(connection, table, exclusive=True)
    await drop(connection, table, names)


async def is_gone(connection: Connection, relid: int) -> bool:
    """Whether a table was dropped; if not, an error that no table was found is about another one, and not ours."""
    return bool(await connection.fetchval(statement("table_gone"), relid))
