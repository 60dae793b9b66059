"""The header of a snapshot file, read from the moment that it is of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cdc.epoch import epoch
from cdc.errors import CdcError
from cdc.schema_copy import dump_schema
from cdc.session import Connection, Endpoint
from cdc.shape import TableShape
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.format import ColumnHead, Header, SchemaSql, SequenceHead, TableHead, fingerprint
from cdc.snapshot.moment import PACKAGE, Moment, Table
from cdc.snapshot.names import Kind
from cdc.snapshot.order import parents_first
from triggers.identifiers import qualified
from triggers.statements import render, statement

_MADE_WITH_DATABASE = ("public",)


async def read_header(endpoint: Endpoint, moment: Moment, *, kind: Kind, at: datetime) -> Header:
    """Read what the file will say before its rows.

    Args:
        endpoint: the side.
        moment: of it, held open.
        kind: what the file is made for.
        at: when, in UTC.

    Raises:
        SnapshotRefused: something cannot be written down in a file.
    """
    connection = moment.snapshot.connection
    server = await connection.fetchrow(statement("snapshot_server", PACKAGE))
    if server is None:
        raise LookupError("the server does not know its own database")
    schema_sql, notes = await _schema(endpoint, moment)
    heads = [_head(table) for table in moment.tables]
    _check_names(heads)
    tables = parents_first(heads)
    return Header(
        created_at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        kind=kind,
        side=str(endpoint.side),
        seen=moment.snapshot.seen,
        epoch=await epoch(connection) if server["installed"] else None,
        server_version=server["version"],
        encoding=server["encoding"],
        schemas=tuple(endpoint.schemas),
        schema_fingerprint=fingerprint(tables),
        schema_sql=schema_sql,
        tables=tables,
        sequences=await _sequences(connection, endpoint),
        notes=notes,
    )


def _head(table: Table) -> TableHead:
    shape = table.shape
    columns = tuple(
        ColumnHead(one.name, str(one.type), generated=one.generated, identity=one.identity_always)
        for one in shape.columns
    )
    references = tuple(sorted({str(key.parent) for key in shape.outgoing}))
    return TableHead(
        shape.entity.schema, shape.entity.table, columns, _key(shape), references, ours=table.ours
    )


def _key(shape: TableShape) -> tuple[str, ...]:
    usable = [key for key in shape.keys if key.not_null]
    best = min(usable, key=lambda key: (not key.primary, len(key.columns), key.columns), default=None)
    return best.columns if best else ()


def _check_names(tables: Sequence[TableHead]) -> None:
    seen: dict[str, TableHead] = {}
    for table in tables:
        other = seen.setdefault(table.entity, table)
        if other is not table:
            raise SnapshotRefused(
                f'the tables "{table.schema}"."{table.table}" and "{other.schema}"."{other.table}" are both called'
                f" {table.entity}",
                hint="rename one of them, so that it has no dot in its name",
            )


async def _schema(endpoint: Endpoint, moment: Moment) -> tuple[SchemaSql | None, tuple[str, ...]]:
    """What makes the tables, by pg_dump; a snapshot without it restores into tables that are there."""
    snapshot = moment.snapshot
    try:
        scripts = await dump_schema(
            endpoint,
            snapshot.connection,
            snapshot=snapshot.exported,
            copied=[table.shape.relid for table in moment.tables if not table.ours],
            present=_MADE_WITH_DATABASE,
        )
    except (CdcError, OSError) as error:
        return None, (f"the file cannot make tables, only fill them: {error}",)
    rows = await snapshot.connection.fetch(statement("schema_copy_extensions", "cdc"))
    extensions = tuple((row["name"], row["schema_name"]) for row in rows)
    return SchemaSql(scripts.before, scripts.after, extensions), scripts.notes


async def _sequences(connection: Connection, endpoint: Endpoint) -> tuple[SequenceHead, ...]:
    """Where sequences stand now: at or behind no number that a row of the moment has."""
    found = []
    for row in await connection.fetch(statement("snapshot_sequences", PACKAGE), list(endpoint.schemas)):
        if row["forbidden"]:
            raise SnapshotRefused(
                f"the service's role may not read the sequence {row['sequence_name']}",
                hint=f"GRANT SELECT ON SEQUENCE {row['sequence_name']} to it",
            )
        name = qualified(row["schema_name"], row["sequence_name"])
        value = await connection.fetchrow(render("sequence_value", "cdc", sequence=name))
        if value is None:
            continue
        owner = None
        if row["owner_table"] is not None:
            owner = TableHead(row["owner_schema"], row["owner_table"], ()).entity
        found.append(
            SequenceHead(
                row["schema_name"],
                row["sequence_name"],
                value["last_value"],
                value["is_called"],
                row["increment"],
                owner,
                row["owner_column"],
            )
        )
    return tuple(found)
