"""Keeps people's own triggers from firing for restored rows: their effects are in the snapshot already."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from cdc.rewrite import REPLICA_HINT
from cdc.session import Connection, execute_as_applications
from cdc.shape import TableShape
from cdc.snapshot.errors import SnapshotRefused
from triggers.identifiers import Composed, fragment, identifier, qualified
from triggers.statements import render, statement

_TURNS: Final = {
    "O": fragment("ENABLE"),
    "A": fragment("ENABLE ALWAYS"),
    "R": fragment("ENABLE REPLICA"),
}


@asynccontextmanager
async def silenced(
    connection: Connection, tables: Sequence[TableShape], role: str | None
) -> AsyncIterator[None]:
    """Turn the tables' triggers off until the block ends; ours and the server's own stay on.

    Args:
        connection: inside the transaction that writes; should it fail, nothing has been turned.
        tables: those that are written to.
        role: the replication role that the transaction works under.

    Raises:
        SnapshotRefused: a trigger would fire, and the role does not own its table.
    """
    relids = [table.relid for table in tables]
    rows = await connection.fetch(statement("firing_triggers", "cdc.snapshot"), relids, role is not None)
    if foreign := [row for row in rows if not row["owned"]]:
        name, table = foreign[0]["trigger_name"], foreign[0]["table_name"]
        raise SnapshotRefused(
            f"the trigger {name} of {table} would fire for every restored row, and the role may not turn it off",
            hint=f"restore as the owner of the table, or {REPLICA_HINT}",
        )
    for row in rows:
        await _turn(connection, row, fragment("DISABLE"))
    yield
    for row in rows:
        await _turn(connection, row, _TURNS[row["mode"]])


async def _turn(connection: Connection, row: asyncpg.Record, turn: Composed) -> None:
    table = qualified(row["schema_name"], row["table_name"])
    trigger = identifier(row["trigger_name"])
    sql = render("trigger_turn", "cdc.snapshot", table=table, turn=turn, trigger=trigger)
    await execute_as_applications(connection, sql)
