"""cdc.captured_table kept in step with the catalog: numbers stay with their tables, names follow them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from triggers.catalog import Connection, Relation
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Row:
    """One row of cdc.captured_table."""

    id: int
    relid: int
    schema: str
    table: str
    key_columns: tuple[str, ...]

    @property
    def name(self) -> tuple[str, str]:
        """Schema and table."""
        return self.schema, self.table


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as stored, and what its table is called now; None: the table is gone."""

    row: Row
    now: tuple[str, str] | None


def settle(stored: Iterable[Stored], wanted: Iterable[Relation]) -> dict[int, Row]:
    """What the stored rows are to say, by id. A row whose table is gone keeps what it said.

    A table that was dropped and made anew under the same name takes its predecessor's number over: what was
    captured from it and not yet applied belongs to the same name on the other side. Pure.
    """
    before = list(stored)
    by_relid = {each.row.relid: each.row for each in before}
    gone = {each.row.name: each.row for each in before if each.now is None}
    after = {
        each.row.id: each.row
        if each.now is None
        else replace(each.row, schema=each.now[0], table=each.now[1])
        for each in before
    }
    for relation in wanted:
        row = by_relid.get(relation.relid) or gone.pop((relation.schema, relation.table), None)
        if row is not None:
            after[row.id] = Row(row.id, relation.relid, relation.schema, relation.table, relation.key_columns)
    dropped = {row.id for row in gone.values()}
    taken = {row.name for row in after.values() if row.id not in dropped}
    for row in gone.values():
        if row.name in taken:
            after[row.id] = replace(row, table=f"{row.table} (dropped, {row.id})")
    return after


async def read_stored(connection: Connection) -> tuple[Stored, ...]:
    """Read cdc.captured_table beside the names as they are now."""
    rows = await connection.fetch(statement("captured_rows"))
    return tuple(
        Stored(
            Row(row["id"], row["relid"], row["schema_name"], row["table_name"], tuple(row["key_columns"])),
            None if row["now_table"] is None else (row["now_schema"], row["now_table"]),
        )
        for row in rows
    )


async def write_settled(connection: Connection, stored: Iterable[Stored], after: Mapping[int, Row]) -> None:
    """Write the rows that changed, names freed first, since two tables may have exchanged theirs."""
    changed = [(each.row, after[each.row.id]) for each in stored if after[each.row.id] != each.row]
    freed = [new.id for old, new in changed if old.name != new.name]
    if freed:
        await connection.execute(statement("captured_free_name"), freed)
    for _, new in changed:
        await connection.execute(
            statement("captured_update"), new.id, new.relid, new.schema, new.table, list(new.key_columns)
        )


async def add(connection: Connection, relation: Relation) -> int:
    """Number a table; returns its id."""
    return int(
        await connection.fetchval(
            statement("captured_add"),
            relation.relid,
            relation.schema,
            relation.table,
            list(relation.key_columns),
        )
    )


async def remove(connection: Connection, ids: Iterable[int]) -> None:
    """Forget tables, except those that changes in the changelog still refer to."""
    numbers = list(ids)
    if numbers:
        await connection.execute(statement("captured_remove"), numbers)
