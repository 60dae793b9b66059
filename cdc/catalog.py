"""Reads the shapes of a side's tables from PostgreSQL's catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from cdc.model import Entity
from cdc.session import Connection
from cdc.shape import Column, Deferrable, ForeignKey, Key, Shapes, Surroundings, TableShape
from triggers.identifiers import Composed, qualified, type_name
from triggers.statements import statement


async def read_shapes(connection: Connection, schemas: Sequence[str]) -> Shapes:
    """Read every ordinary and partitioned table of the given schemas."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        columns = await connection.fetch(statement("shape_columns", "cdc"), list(schemas))
        keys = await connection.fetch(statement("shape_keys", "cdc"), list(schemas))
        sequences = await connection.fetch(statement("shape_sequences", "cdc"), list(schemas))
        foreign = await connection.fetch(statement("shape_foreign_keys", "cdc"), list(schemas))
        surroundings = await connection.fetch(statement("shape_surroundings", "cdc"), list(schemas))
        deferrable = await connection.fetch(statement("shape_deferrable", "cdc"), list(schemas))
    shapes: Shapes = {}
    by_relid: dict[int, TableShape] = {}
    for row in surroundings:
        shape = TableShape(
            Entity(row["schema_name"], row["table_name"]),
            row["relid"],
            storage=row["storage"],
            ordered=row["ordered"],
            surroundings=_surroundings(row),
        )
        by_relid[shape.relid] = shapes[shape.entity] = shape
    for row in columns:
        shape = by_relid[row["relid"]]
        shape.mark += row["mark"]
        shape.columns.append(
            Column(
                row["column_name"],
                type_name(row["type_name"]),
                type_name(row["base_type"]),
                type_name(row["full_type"]),
                generated=row["generated"] != "",
                identity_always=row["identity"] == "a",
                not_null=row["not_null"],
                number=row["number"],
                version=row["version"],
                padded_type=type_name(row["padded_type"]) if row["padded_type"] else None,
                converts=row["converts"],
            )
        )
    for row in keys:
        by_relid[row["relid"]].keys.append(
            Key(tuple(row["column_names"]), _operators(row), row["is_primary"], row["not_null"])
        )
    for row in sequences:
        shape, sequence = by_relid[row["relid"]], qualified(row["schema_name"], row["sequence_name"])
        kind = shape.sequences if row["plain"] else shape.drawn
        kind.setdefault(row["column_name"], []).append(sequence)
    for row in deferrable:
        by_relid[row["relid"]].deferrable.append(_deferrable(row))
    for row in foreign:
        _link(shapes, _foreign_key(row))
    return shapes


async def read_deferrable(connection: Connection, relid: int, name: str) -> Deferrable | None:
    """Read what a unique index or exclusion constraint of a table is about; None where there is none of that name."""
    row = await connection.fetchrow(statement("shape_unique", "cdc"), relid, name)
    return None if row is None else _deferrable({**row, "name": name, "nulls_equal": False})


def _operators(row: asyncpg.Record | Mapping[str, Any]) -> tuple[Composed, ...]:
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
        row["deferrable"],
        row["period"],
        row["follows"],
    )


def _surroundings(row: asyncpg.Record) -> Surroundings:
    return Surroundings(
        forbidden=row["forbidden"],
        hidden=row["hidden"],
        triggers=tuple(row["triggers"]),
        replica_triggers=tuple(row["replica_triggers"]),
        rules=tuple(row["rules"]),
        replica_rules=tuple(row["replica_rules"]),
        mark=row["mark"],
    )


def _deferrable(row: asyncpg.Record | Mapping[str, Any]) -> Deferrable:
    return Deferrable(
        row["name"],
        tuple(type_name(text) for text in row["elements"]),
        _operators(row),
        type_name(row["predicate"]),
        row["nulls_equal"],
    )


def _link(shapes: Shapes, key: ForeignKey) -> None:
    if key.child in shapes:
        shapes[key.child].outgoing.append(key)
    if key.parent in shapes:
        shapes[key.parent].incoming.append(key)
