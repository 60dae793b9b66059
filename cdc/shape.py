"""What a side's tables look like: columns, keys, foreign keys. Read from the catalog, then plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from cdc.model import Entity
from cdc.session import Connection
from triggers.identifiers import Composed, identifier, qualified, type_name
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `base_type` is what its images are cast through, so that no domain check can refuse them."""

    name: str
    type: Composed
    base_type: Composed
    generated: bool
    identity_always: bool


@dataclass(frozen=True, slots=True)
class Key:
    """Columns that identify a row, with the operator each is compared by."""

    columns: tuple[str, ...]
    operators: tuple[Composed, ...]
    primary: bool
    not_null: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference from a child to a parent; `operators` compare parent = child."""

    name: str
    child: Entity
    parent: Entity
    child_columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    operators: tuple[Composed, ...]
    cascades: bool


@dataclass(slots=True)
class TableShape:
    """One table of a side."""

    entity: Entity
    relid: int
    columns: list[Column] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    outgoing: list[ForeignKey] = field(default_factory=list)
    incoming: list[ForeignKey] = field(default_factory=list)
    sequences: dict[str, Composed] = field(default_factory=dict)
    """Sequences that feed columns, quoted and qualified, by column."""

    @property
    def relation(self) -> Composed:
        """The quoted, qualified name."""
        return qualified(self.entity.schema, self.entity.table)

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def key(self, columns: Sequence[str]) -> Key | None:
        """The unique index over exactly these columns, in the order asked for."""
        for key in self.keys:
            if sorted(key.columns) == sorted(columns):
                order = [key.columns.index(name) for name in columns]
                return Key(tuple(columns), tuple(key.operators[i] for i in order), key.primary, key.not_null)
        return None


Shapes = dict[Entity, TableShape]


async def read_shapes(connection: Connection, schemas: Sequence[str]) -> Shapes:
    """Read every ordinary and partitioned table of the given schemas."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        columns = await connection.fetch(statement("shape_columns", "cdc"), list(schemas))
        keys = await connection.fetch(statement("shape_keys", "cdc"), list(schemas))
        sequences = await connection.fetch(statement("shape_sequences", "cdc"), list(schemas))
        foreign = await connection.fetch(statement("shape_foreign_keys", "cdc"), list(schemas))
    shapes: Shapes = {}
    by_relid: dict[int, TableShape] = {}
    for row in columns:
        shape = by_relid.get(row["relid"])
        if shape is None:
            entity = Entity(row["schema_name"], row["table_name"])
            shape = by_relid[row["relid"]] = shapes[entity] = TableShape(entity, row["relid"])
        shape.columns.append(
            Column(
                row["column_name"],
                type_name(row["type_name"]),
                type_name(row["base_type"]),
                generated=row["generated"] != "",
                identity_always=row["identity"] == "a",
            )
        )
    for row in keys:
        by_relid[row["relid"]].keys.append(
            Key(tuple(row["column_names"]), _operators(row), row["is_primary"], row["not_null"])
        )
    for row in sequences:
        by_relid[row["relid"]].sequences[row["column_name"]] = qualified(
            row["schema_name"], row["sequence_name"]
        )
    for row in foreign:
        _link(shapes, _foreign_key(row))
    return shapes


def _operators(row: asyncpg.Record) -> tuple[Composed, ...]:
    return tuple(type_name(f"OPERATOR({text})") for text in row["operators"])


def _foreign_key(row: asyncpg.Record) -> ForeignKey:
    return ForeignKey(
        row["name"],
        Entity(row["child_schema"], row["child_table"]),
        Entity(row["parent_schema"], row["parent_table"]),
        tuple(row["child_columns"]),
        tuple(row["parent_columns"]),
        _operators(row),
        row["cascades"],
    )


def _link(shapes: Shapes, key: ForeignKey) -> None:
    if key.child in shapes:
        shapes[key.child].outgoing.append(key)
    if key.parent in shapes:
        shapes[key.parent].incoming.append(key)


def quoted(names: Sequence[str]) -> list[Composed]:
    """Each name as an identifier."""
    return [identifier(name) for name in names]
