"""Schema cdc itself: its tables by version, its functions, its rights, and which side the database is."""

from __future__ import annotations

import hashlib

import asyncpg

from triggers.catalog import Connection
from triggers.errors import TriggerError, told
from triggers.functions import FUNCTIONS, function
from triggers.statements import statement

VERSION = 13
"""The newest schema_<version>.sql; each brings the schema from the version before."""


async def is_installed(connection: Connection) -> bool:
    """Whether schema cdc is there and ours.

    Raises:
        TriggerError: a schema of that name is there and is somebody else's.
    """
    found = await connection.fetchrow(statement("installed_schema"))
    if found is None or not found["present"]:
        return False
    if not found["ours"]:
        raise TriggerError(
            "This database has a schema named cdc that this service did not make.",
            hint="Rename it (ALTER SCHEMA cdc RENAME TO …), or sync another database.",
        )
    if not found["owned"]:
        raise TriggerError(
            f"Schema cdc belongs to role {found['owner']}, which this connection may not act for.",
            hint=f"Connect as {found['owner']}, or GRANT {found['owner']} TO the service's role.",
        )
    return True


async def ensure_schema(connection: Connection, side: str) -> None:
    """Create schema cdc or bring it up to date, and claim the database for a side. Inside a transaction.

    Args:
        connection: inside `triggers.locks.transaction`, with the install lock held.
        side: MAIN or BACKUP.

    Raises:
        TriggerError: the schema is not ours, is of a newer version, or the database is the other side.
    """
    fresh = not await is_installed(connection)
    version = 0 if fresh else int(await connection.fetchval(statement("schema_version")))
    if version > VERSION:
        raise TriggerError(
            f"Schema cdc is of version {version}; this program knows versions up to {VERSION}.",
            hint="A newer release has been at work here: run that release, or a newer one.",
        )
    try:
        for number in range(version + 1, VERSION + 1):
            await connection.execute(statement(f"schema_{number:03}"))
            await connection.execute(statement("schema_version_add"), number)
        if fresh:
            await connection.execute(statement("schema_closed"))
        if await _ensure_functions(connection) or version < VERSION:
            await connection.execute(statement("schema_rights"))
    except asyncpg.InsufficientPrivilegeError as error:
        raise TriggerError(
            f"Schema cdc cannot be made here: {error}.",
            hint="As the database's owner: GRANT CREATE ON DATABASE … TO the role that this service uses.",
        ) from error
    except (asyncpg.SyntaxOrAccessError, asyncpg.PLPGSQLError) as error:
        raise TriggerError(
            f"Schema cdc cannot be made here: {told(error)}.",
            hint="Where an event trigger of your own raised: have it leave schema cdc alone, and name tables with "
            "their schema.",
        ) from error
    await _claim(connection, side)


async def _ensure_functions(connection: Connection) -> bool:
    """Make the functions whose text differs from ours; True where there was one."""
    rows = await connection.fetch(statement("functions_installed"))
    installed = {row["name"]: row["digest"] for row in rows}
    changed = False
    for name in FUNCTIONS:
        text = function(name)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if installed.get(name) == digest:
            continue
        await connection.execute(text)
        await connection.execute(await connection.fetchval(statement("function_comment"), name, digest))
        changed = True
    return changed


async def _claim(connection: Connection, side: str) -> None:
    stored = await connection.fetchval(statement("node_claim"), side)
    if stored != side:
        raise TriggerError(
            f"This database has been installed as {stored}, and is now named as {side}.",
            hint="Check that DATABASE_URL and BACKUP_DATABASE_URL are not exchanged. A copy of the other side's "
            f"database is made {side} by `cdc resync {side}`; to make this one the other side otherwise, "
            "run `cdc uninstall-triggers` with the old settings first.",
        )
