"""A table as it is on both sides: which columns are carried over, and whether they fit."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from cdc.errors import SchemaMismatch
from cdc.model import Entity, Side
from cdc.rounding import fits
from cdc.session import Connection
from cdc.shape import Column, ForeignKey, Shapes, TableShape
from triggers.identifiers import Composed, fragment, identifier, identifier_list, joined
from triggers.statements import render, statement


@dataclass(frozen=True, slots=True)
class TablePair:
    """One table on both sides. `columns` are carried over; `key` identifies a row, empty where none does."""

    entity: Entity
    columns: tuple[str, ...]
    key: tuple[str, ...]
    key_operators: tuple[Composed, ...]
    binary: bool
    source: TableShape
    target: TableShape

    @property
    def relation(self) -> Composed:
        """The quoted, qualified name; the same on both sides."""
        return self.target.relation

    def list(self, alias: str = "") -> Composed:
        """The columns, with our alias before each."""
        return identifier_list(self.columns, alias)

    @property
    def key_names(self) -> tuple[str, ...]:
        """Names of our own for the key's columns in temporary tables; the table's own could collide."""
        return tuple(f"k{number}" for number in range(1, len(self.key) + 1))

    def key_as_ours(self, alias: str) -> Composed:
        """`t."id" AS k1, ...`."""
        return joined(
            fragment(
                "{alias}.{column} AS {name}",
                alias=_word(alias),
                column=identifier(column),
                name=identifier(name),
            )
            for column, name in zip(self.key, self.key_names, strict=True)
        )

    def key_matches(self, table: str, ours: str) -> Composed:
        """`t."id" = d.k1 AND ...`, by the operators of the key's index."""
        return self._matched(table, self.key, ours, self.key_names)

    def same_key(self, left: str, right: str) -> Composed:
        """`l."id" = r."id" AND ...` between two tables with the table's own column names."""
        return self._matched(left, self.key, right, self.key)

    def ours_meet(self, left: str, right: str) -> Composed:
        """`h.k1 = o.k1 AND ...` between two tables with our names for the key."""
        return self._matched(left, self.key_names, right, self.key_names)

    def _matched(self, left: str, names: Sequence[str], right: str, others: Sequence[str]) -> Composed:
        return joined(
            (
                fragment(
                    "{left}.{name} {operator} {right}.{other}",
                    left=_word(left),
                    name=identifier(name),
                    operator=operator,
                    right=_word(right),
                    other=identifier(other),
                )
                for name, other, operator in zip(names, others, self.key_operators, strict=True)
            ),
            " AND ",
        )


def _word(alias: str) -> Composed:
    return identifier(alias)


def pair(
    entity: Entity,
    sides: tuple[Side, Side],
    source: Shapes,
    target: Shapes,
    *,
    key: Sequence[str],
    text_only: Container[int] = (),
) -> TablePair:
    """Match a table's columns on both sides.

    Args:
        entity: the table.
        sides: the source's and the target's names, for messages.
        source: the source's tables.
        target: the target's tables.
        key: the columns that identify a row; empty where none do, or where nobody needs them.
        text_only: oids of source tables that the binary format cannot carry.

    Raises:
        SchemaMismatch: a side lacks the table, or a column would lose values.
    """
    left, right = source.get(entity), target.get(entity)
    if left is None or right is None:
        missing = sides[0] if left is None else sides[1]
        raise SchemaMismatch(
            f"{missing} has no table {entity}",
            hint=f"run your migrations on {missing}, or drop BACKUP's tables so that the schema is copied",
        )
    columns = []
    for column in left.columns:
        other = right.column(column.name)
        _check(entity, sides, column, other)
        if other is not None and not column.generated:
            columns.append(column.name)
    found = right.key(key) if key else None
    if key and (found is None or left.key(key) is None):
        raise SchemaMismatch(
            f"{entity} is not unique by ({', '.join(key)}) on both sides",
            hint=f"create the same primary key on {sides[1]} as on {sides[0]}, and start again",
        )
    return TablePair(
        entity,
        tuple(sorted(columns)),
        tuple(key),
        found.operators if found else (),
        left.relid not in text_only and _same_types(columns, left, right),
        left,
        right,
    )


def _check(entity: Entity, sides: tuple[Side, Side], column: Column, other: Column | None) -> None:
    hint = "bring both definitions to the same state by your migrations, and start again"
    if other is None:
        if not column.generated:
            raise SchemaMismatch(f"{sides[1]} lacks the column {column.name} of {entity}", hint=hint)
    elif column.generated != other.generated:
        raise SchemaMismatch(f"{entity}.{column.name} is generated on one side only", hint=hint)
    elif not column.generated and not fits(column.type, other.type):
        raise SchemaMismatch(
            f"{entity}.{column.name} is {column.type} on {sides[0]} and {other.type} on {sides[1]}:"
            " values could be lost",
            hint=hint,
        )


def _same_types(columns: Iterable[str], left: TableShape, right: TableShape) -> bool:
    for name in columns:
        here, there = left.column(name), right.column(name)
        if here is None or there is None or here.type != there.type:
            return False
    return True


async def unsafe_in_binary(connection: Connection, schemas: Sequence[str]) -> set[int]:
    """Oids of tables with a column that has no binary form, or one that holds oids of this database."""
    rows = await connection.fetch(statement("pair_text_only", "cdc"), list(schemas))
    return {row["relid"] for row in rows}


async def has_rows(connection: Connection, relation: Composed) -> bool:
    """Whether a table holds any row that the connection's snapshot sees."""
    return bool(await connection.fetchval(render("pair_has_rows", "cdc", table=relation)))


def parents_first(pairs: Sequence[TablePair]) -> tuple[list[list[TablePair]], list[TablePair]]:
    """Order tables so that each comes after those it refers to on the target.

    Returns:
        Levels of tables, each referring to earlier levels only, and the tables that refer to each other in a
        circle or to such. A table that refers to itself alone is no circle: keys are checked per statement.
    """
    waiting = {one.entity: one for one in pairs}
    levels: list[list[TablePair]] = []
    while waiting:
        ready = [
            one for one in waiting.values() if not _parents(one.target.outgoing, one.entity) & waiting.keys()
        ]
        if not ready:
            return levels, list(waiting.values())
        levels.append([waiting.pop(one.entity) for one in ready])
    return levels, []


def _parents(keys: Iterable[ForeignKey], entity: Entity) -> set[Entity]:
    return {key.parent for key in keys if key.parent != entity}
