"""A snapshot's rows in temporary tables of the database they are to be restored into, beside its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from cdc.comparison import Digest
from cdc.difference import Difference
from cdc.model import Entity
from cdc.session import UNREACHABLE, Connection, make_private
from cdc.shape import TableShape
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.feed import Feed
from cdc.snapshot.format import TableHead
from cdc.table_pair import TablePair
from triggers.identifiers import Composed, identifier_list, qualified
from triggers.statements import render, statement

PACKAGE = "cdc.snapshot"


@dataclass(frozen=True, slots=True)
class Staged:
    """A table of the file, brought to the database: its rows, their number and a hash of their content."""

    table: TableHead
    difference: Difference
    place: tuple[str, str]
    digest: Digest

    @property
    def pair(self) -> TablePair:
        """The table and the columns that are written."""
        return self.difference.pair

    @property
    def file(self) -> Composed:
        """The temporary table that holds all of the file's rows."""
        return qualified(*self.place)


def pair_of(table: TableHead, shape: TableShape) -> TablePair:
    """A table as it is in the file and in the database, whose columns and types are the same."""
    key = shape.key(table.key) if table.key else None
    columns = tuple(sorted(column.name for column in shape.columns if not column.generated))
    operators = key.operators if key else ()
    return TablePair(table.name, columns, table.key, operators, False, shape, shape)  # noqa: FBT003 - no field of ours


async def stage_all(connection: Connection, feed: Feed, shapes: Mapping[Entity, TableShape]) -> list[Staged]:
    """Bring the rows of tables to the database, one short transaction each, and skip those of others.

    Args:
        connection: a session whose temporary tables they will be.
        feed: a pass over the file; it has ended when this returns, so all of the file has been checked.
        shapes: the tables to bring.

    Raises:
        SnapshotDamaged: the file is not as it was written.
        SnapshotRefused: the database does not take a row.
    """
    places: list[tuple[TableHead, TablePair, tuple[str, str]]] = []
    async for table in feed.tables():
        shape = shapes[table.name]
        place = ("pg_temp", f"cdc_file_{len(places)}")
        places.append((table, pair_of(table, shape), place))
        async with connection.transaction():
            await make_place(connection, table, place)
            await fill(connection, feed, table, place)
    relids = [pair.target.relid for _, pair, _ in places]
    rows = await connection.fetch(statement("ordinary_tables", PACKAGE), relids)
    ordinary = {row["relid"] for row in rows}
    staged = []
    for number, (table, pair, place) in enumerate(places):
        difference = Difference(pair, number, only=pair.target.relid in ordinary)
        file = qualified(*place)
        await make_private(connection, difference.sql("file_hashes_make", PACKAGE, file=file))
        await connection.execute(difference.sql("file_hashes", PACKAGE, file=file))
        row = await connection.fetchrow(difference.sql("file_digest", PACKAGE))
        if row is None:
            raise LookupError("an aggregate gave no row")
        staged.append(Staged(table, difference, place, Digest(row["rows"], row["hash"])))
    return staged


async def make_place(connection: Connection, table: TableHead, place: tuple[str, str]) -> None:
    """Make a temporary table with the table's columns and types, generated ones as plain ones."""
    columns = identifier_list([column.name for column in table.columns], "t")
    relation = qualified(table.schema, table.table)
    await make_private(
        connection, render("file_make", PACKAGE, file=qualified(*place), columns=columns, table=relation)
    )


async def fill(
    connection: Connection, feed: Feed, table: TableHead, place: tuple[str, str], *, frozen: bool = False
) -> int:
    """Copy the rows that come next into a table. Returns how many.

    Args:
        connection: inside a transaction.
        feed: at this table's rows.
        table: the table in the file, all of whose columns `place` has.
        place: schema and name of where they go.
        frozen: the table was made in this transaction, so that its rows need no vacuum later.

    Raises:
        SnapshotDamaged: the file is not as it was written.
        SnapshotRefused: a value is refused.
    """
    try:
        done = await connection.copy_to_table(
            place[1],
            schema_name=place[0],
            columns=[column.name for column in table.columns] or None,
            freeze=frozen or None,
            source=feed.chunks(table),
            format="text",
            encoding="UTF8",
        )
    except UNREACHABLE:
        raise
    except asyncpg.PostgresError as error:
        raise SnapshotRefused(
            f"the database does not take a row of {table.entity}: {error}",
            hint="it may be of an older version or another encoding than the snapshot's",
        ) from error
    return int(done.split()[-1])
