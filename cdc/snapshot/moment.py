"""One moment of a database, held open to be written down: its tables, locked against changes of their form."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from cdc.catalog import read_shapes
from cdc.errors import ConnectivityError
from cdc.model import Entity
from cdc.session import UNREACHABLE, Connection, Endpoint, connect
from cdc.shape import TableShape
from cdc.snapshot.errors import SnapshotRefused
from cdc.table_copy import Snapshot, exported_snapshot
from triggers.statements import statement

PACKAGE: Final = "cdc.snapshot"
PURPOSE: Final = "snapshot"
_TRIES: Final = 5
_OURS: Final = (Entity("cdc", "backup_config"), Entity("cdc", "backup_history"))


@dataclass(frozen=True, slots=True)
class Table:
    """A table to read. `rows` is an estimate; `divisible`: its pages may be read by several at once."""

    shape: TableShape
    partitioned: bool
    ours: bool
    rows: int = 0
    pages: int = 0
    divisible: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What a transaction sees that lasts as long as the block that gave this."""

    snapshot: Snapshot
    tables: tuple[Table, ...]


@asynccontextmanager
async def hold(endpoint: Endpoint, *, include_history: bool) -> AsyncIterator[Moment]:
    """Hold a moment of all tables in the endpoint's schemas.

    Args:
        endpoint: the side to read.
        include_history: also the service's own tables that people may want to keep.

    Raises:
        ConnectivityError: the side cannot be reached, or went away.
        SnapshotRefused: a table may not be read, or is locked for long.
    """
    try:
        for _ in range(_TRIES):
            before = await _list(endpoint, include_history=include_history)
            with suppress(_Gone):
                async with _exported(endpoint, before) as snapshot:
                    tables = await _read(
                        snapshot.connection, endpoint.schemas, include_history=include_history
                    )
                    if _relids(tables) <= _relids(before):
                        yield Moment(snapshot, await _measured(snapshot.connection, tables))
                        return
    except asyncpg.LockNotAvailableError as error:
        raise SnapshotRefused(
            f"{endpoint.side} has a table that is locked: {error}",
            hint="a migration is at work there, or hangs; it is tried again with the next snapshot",
        ) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise SnapshotRefused(
            f"{endpoint.side} does not let us read all of its tables: {error}",
            hint="GRANT SELECT on them to the service's role",
        ) from error
    except (*UNREACHABLE, asyncpg.InternalClientError) as error:
        raise ConnectivityError(
            f"{endpoint.side} went away while it was read: {error}", hint="it is tried again"
        ) from error
    raise SnapshotRefused(
        f"tables of {endpoint.side} are made faster than they can be looked at",
        hint="wait until the migration there has ended",
    )


class _Gone(Exception):
    """A table was dropped before it could be locked."""


@asynccontextmanager
async def _exported(endpoint: Endpoint, tables: Sequence[Table]) -> AsyncIterator[Snapshot]:
    """The snapshot, with the tables locked.

    Raises:
        _Gone: one of them is no more.
    """
    async with AsyncExitStack() as stack:
        try:
            shapes = [one.shape for one in tables]
            snapshot = await stack.enter_async_context(exported_snapshot(endpoint, shapes, PURPOSE))
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
            raise _Gone from error
        yield snapshot


async def _list(endpoint: Endpoint, *, include_history: bool) -> list[Table]:
    connection = await connect(endpoint, PURPOSE)
    try:
        return await _read(connection, endpoint.schemas, include_history=include_history)
    finally:
        await connection.close(timeout=10)


async def _read(connection: Connection, schemas: Sequence[str], *, include_history: bool) -> list[Table]:
    # Schema cdc is ours, whatever the URL says.
    wanted = [schema for schema in schemas if schema != "cdc"]
    tables = await _tables(connection, wanted)
    if include_history:
        tables += [one for one in await _tables(connection, ["cdc"]) if one.shape.entity in _OURS]
    return tables


async def _tables(connection: Connection, schemas: Sequence[str]) -> list[Table]:
    shapes = await read_shapes(connection, schemas)
    found = []
    for row in await connection.fetch(statement("snapshot_tables", PACKAGE), list(schemas)):
        shape = shapes.get(Entity(row["schema_name"], row["table_name"]))
        if shape is None:
            continue
        if row["hidden"] or row["forbidden"]:
            raise _unreadable(shape.entity, hidden=row["hidden"])
        found.append(Table(shape, row["partitioned"], ours=shape.entity.schema == "cdc"))
    return found


async def _measured(connection: Connection, tables: Sequence[Table]) -> tuple[Table, ...]:
    """The same with their sizes, which can be asked for once they are locked."""
    relids = [one.shape.relid for one in tables]
    sizes = {row["relid"]: row for row in await connection.fetch(statement("copy_sizes", "cdc"), relids)}
    return tuple(
        replace(one, rows=size["rows"], pages=size["pages"], divisible=size["divisible"])
        for one in tables
        if (size := sizes.get(one.shape.relid)) is not None
    )


def _unreadable(entity: Entity, *, hidden: bool) -> SnapshotRefused:
    if hidden:
        return SnapshotRefused(
            f"row-level security hides rows of {entity} from the service's role",
            hint="give that role BYPASSRLS, or ALTER TABLE … NO FORCE ROW LEVEL SECURITY",
        )
    return SnapshotRefused(
        f"the service's role may not read {entity}", hint=f"GRANT SELECT ON {entity} to it"
    )


def _relids(tables: Sequence[Table]) -> set[int]:
    return {one.shape.relid for one in tables}
