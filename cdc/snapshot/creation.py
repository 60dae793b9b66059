"""Makes a snapshot's tables in an empty database and fills them; all in the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from cdc.catalog import read_shapes
from cdc.comparison import digest
from cdc.difference import Difference
from cdc.errors import SchemaMismatch
from cdc.model import Side
from cdc.schema_copy import run_script
from cdc.session import Connection, make_private
from cdc.shape import TableShape
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.feed import Feed
from cdc.snapshot.format import Footer, Header, SchemaSql, TableHead
from cdc.snapshot.plan import match, wanted
from cdc.snapshot.read_back import read_back
from cdc.snapshot.staging import PACKAGE, fill, make_place, pair_of
from triggers.identifiers import Composed, identifier, qualified
from triggers.statements import render, statement

_PLACE = ("pg_temp", "cdc_file")


async def is_empty(connection: Connection, schemas: Sequence[str]) -> bool:
    """Whether these schemas hold no table of people's own."""
    return not await connection.fetchval(statement("contact_tables", "cdc"), list(schemas))


def scripts_of(header: Header, tables: Sequence[str]) -> SchemaSql:
    """What makes the tables of an empty database.

    Raises:
        SnapshotRefused: the file does not have it, or not all of the tables are wanted.
    """
    if header.schema_sql is None:
        raise SnapshotRefused(
            f"the database has no tables, and the snapshot cannot make them: {' '.join(header.notes)}",
            hint="make the tables by your migrations, then restore",
        )
    if tables:
        raise SnapshotRefused(
            "the database has no tables, and some of a snapshot's cannot be made alone",
            hint="restore all of it, or make the tables by your migrations",
        )
    return header.schema_sql


async def fill_views(connection: Connection, schemas: Sequence[str]) -> tuple[str, ...]:
    """Fill materialized views, each in a transaction of its own. Returns a sentence for each that could not be."""
    notes = []
    for row in await connection.fetch(statement("unfilled_views", PACKAGE), list(schemas)):
        view = qualified(row["schema_name"], row["view_name"])
        try:
            await connection.execute(render("matview_refresh", "cdc", view=view))
        except asyncpg.PostgresError as error:
            notes.append(f"the materialized view {row['view_name']} could not be filled: {error}")
    return tuple(notes)


async def make_extensions(connection: Connection, scripts: SchemaSql) -> tuple[str, ...]:
    """Make the extensions that the tables may need.

    Returns:
        One sentence for each that could not be made; tables that need it will say so themselves.
    """
    notes = []
    have = {row["name"] for row in await connection.fetch(statement("schema_copy_extensions", "cdc"))}
    for name, schema in scripts.extensions:
        if name in have:
            continue
        try:
            async with connection.transaction():
                if schema != "pg_catalog":
                    await connection.execute(
                        render("schema_copy_create_schema", "cdc", schema=identifier(schema))
                    )
                await connection.execute(
                    render(
                        "schema_copy_create_extension",
                        "cdc",
                        extension=identifier(name),
                        schema=identifier(schema),
                    )
                )
        except asyncpg.PostgresError as error:
            notes.append(f"the extension {name} could not be created: {error}")
    return tuple(notes)


async def create(
    connection: Connection, feed: Feed, header: Header, scripts: SchemaSql, side: Side, *, proof: bool
) -> dict[str, int]:
    """Make the tables, fill them, see that they hold what the file says, and make indexes and constraints.

    Args:
        connection: inside a transaction, of a session used for nothing else: the scripts change its settings.
        feed: a pass over the file.
        header: the file's.
        scripts: the header's.
        side: what the database is called in messages.
        proof: read every row back.

    Returns:
        How many rows each table holds, by entity.

    Raises:
        SnapshotDamaged: the file is not as it was written.
        SnapshotRefused: the database refuses a definition or a row, or holds another than the file's.
    """
    await _run(connection, await _without_schemas(connection, header, scripts.before), side)
    await connection.execute(statement("load_settings", PACKAGE))
    tables = wanted(header, ())
    shapes = await read_shapes(connection, header.schemas)
    by_name = {shape.entity: shape for shape in match(map(_keyless, tables), shapes, side)}
    rows = await connection.fetch(
        statement("plain_tables", PACKAGE), [shape.relid for shape in by_name.values()]
    )
    plain = {row["relid"] for row in rows}
    held = {}
    async for table in feed.tables():
        shape = by_name[table.name]
        direct = shape.relid in plain and not any(column.generated for column in shape.columns)
        load = _load if direct else _load_staged
        held[table.entity] = await load(connection, feed, table, shape, proof=proof)
    _check(held, feed.footer, side)
    await _run(connection, scripts.after, side)
    return {entity: one.rows for entity, one in held.items()}


def _keyless(table: TableHead) -> TableHead:
    """The table without its key, which comes with the indexes."""
    return TableHead(table.schema, table.table, table.columns)


@dataclass(frozen=True, slots=True)
class _Held:
    """What a table holds; `sha256` where it was read back."""

    rows: int
    sha256: str | None = None


async def _load(
    connection: Connection, feed: Feed, table: TableHead, shape: TableShape, *, proof: bool
) -> _Held:
    rows = await fill(connection, feed, table, (table.schema, table.table), frozen=True)
    return await _read_back(connection, table, shape.relation) if proof else _Held(rows)


async def _load_staged(
    connection: Connection, feed: Feed, table: TableHead, shape: TableShape, *, proof: bool
) -> _Held:
    """For tables that compute columns, or keep their rows in partitions."""
    await make_place(connection, table, _PLACE)
    file = qualified(*_PLACE)
    held = _Held(await fill(connection, feed, table, _PLACE, frozen=True))
    if proof:
        held = await _read_back(connection, table, file)
    difference = Difference(pair_of(_keyless(table), shape), 0)
    await connection.execute(difference.sql("insert_file", PACKAGE, file=file))
    if await digest(connection, difference) != await digest(connection, difference, file):
        raise SnapshotRefused(
            f"{table.entity} did not come out as the snapshot has it",
            hint="look for rules on it, or for a partition that is missing",
        )
    await make_private(connection, render("suspects_drop", "cdc", place=file))
    return held


async def _read_back(connection: Connection, table: TableHead, relation: Composed) -> _Held:
    foot = await read_back(connection, table, relation)
    return _Held(foot.rows, foot.sha256)


async def _without_schemas(connection: Connection, header: Header, script: str) -> str:
    """Take out of the script the making of schemas that are there already."""
    present = {row["name"] for row in await connection.fetch(statement("contact_schemas", "cdc"))}
    for name in present.intersection(header.schemas):
        for form in (re.escape(identifier(name)), re.escape(name)):
            script = re.sub(rf"^CREATE SCHEMA {form};$", "", script, count=1, flags=re.MULTILINE)
    return script


async def _run(connection: Connection, script: str, side: Side) -> None:
    try:
        await run_script(connection, script, side, "the snapshot")
    except SchemaMismatch as error:
        raise SnapshotRefused(str(error), hint=error.hint) from error


def _check(held: Mapping[str, _Held], footer: Footer, side: Side) -> None:
    """Compare what tables hold with what the file's footer says.

    Raises:
        SnapshotRefused: one differs; nothing may be committed.
    """
    for entity, one in held.items():
        said = footer.tables[entity]
        if one.rows != said.rows or one.sha256 not in {None, said.sha256}:
            raise SnapshotRefused(
                f"{entity} on {side} came out with {one.rows} rows, or others than the snapshot's {said.rows}",
                hint="the server prints values otherwise than the one that the snapshot is of; is it older?",
            )
