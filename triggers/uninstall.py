"""Uninstalling: triggers, functions and schema cdc go; everything else stays as it was."""

from __future__ import annotations

from functools import partial

import asyncpg

from triggers import capture
from triggers.catalog import Connection
from triggers.errors import TriggerError
from triggers.identifiers import qualified
from triggers.locks import BUSY, Patience, blockers, install_lock, patiently, transaction
from triggers.schema import is_installed
from triggers.statements import statement


async def uninstall(connection: Connection, *, force: bool) -> None:
    """Remove everything of ours from a database. Does nothing where nothing is installed.

    Triggers go table by table, in short transactions; the schema goes last, so that a run that was broken off
    can be run again.

    Args:
        connection: outside a transaction; of the role that installed.
        force: do so although conflicts are open or changes have not reached the other side. Both are lost.

    Raises:
        TriggerError: conflicts are open or changes pending and `force` is False, or a table stayed locked.
    """
    async with install_lock(connection):
        patience = Patience()
        async with transaction(connection):
            if not await is_installed(connection):
                return
            if not force:
                await _refuse_if_needed(connection)
            relations = await connection.fetch(statement("uninstall_triggers"))
        busy = [await _release(connection, relation, patience) for relation in relations]
        if any(busy):
            raise TriggerError(
                f"Some tables stayed locked by others: {'; '.join(each for each in busy if each)}.",
                hint="End those transactions and run it again; the triggers on all other tables are gone.",
            )
        await patiently(connection, partial(_drop_schema, connection, force=force), patience)


async def _release(connection: Connection, relation: asyncpg.Record, patience: Patience) -> str:
    """Take our triggers off one relation; returns who is in the way, or nothing."""
    table = qualified(relation["schema_name"], relation["table_name"])
    try:
        await patiently(
            connection, partial(capture.remove, connection, table, relation["triggers"]), patience
        )
    except BUSY:
        who = await blockers(connection, [relation["relid"]])
        return f"{relation['schema_name']}.{relation['table_name']} by {who}"
    except asyncpg.UndefinedTableError:
        if not await capture.is_gone(connection, relation["relid"]):
            raise
        # dropped a moment ago, and its triggers with it
    return ""


async def _drop_schema(connection: Connection, *, force: bool) -> None:
    """Drop the schema, unless changes arrived between the first look and the end of the triggers."""
    if not force:
        await _refuse_if_needed(connection)
    await connection.execute(statement("uninstall_schema"))


async def _refuse_if_needed(connection: Connection) -> None:
    row = await connection.fetchrow(statement("uninstall_open"))
    conflicts, pending = (row["conflicts"], row["pending"]) if row else (0, 0)
    reasons = [
        f"{what}: {count}"
        for what, count in (
            ("conflicts still open", conflicts),
            ("changes that have not reached the other side", pending),
        )
        if count
    ]
    if reasons:
        raise TriggerError(
            f"Removing the triggers now would lose {', '.join(reasons)}.",
            hint="Let the service run until nothing is pending and resolve the conflicts (`cdc status`, "
            "`cdc conflicts`), or give --force to lose them.",
        )
