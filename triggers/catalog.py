"""What is in the wanted schemas: tables, partitions, keys, sequences, and the triggers of ours on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg

from triggers.identifiers import Composed, qualified
from triggers.statements import statement

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a partition, with what decides whether and how it can be captured.

    `root` is the table that its changes belong to: itself, the root of its partition tree, or None where
    that root lies in a schema that is not wanted. `kind` and `persistence` are pg_class's letters.
    `triggers` are those that call a function in schema cdc, one line each: function, enabled, argument,
    type, unconditional, name.
    """

    relid: int
    root: int | None
    schema: str
    table: str
    kind: str
    persistence: str
    owner: str
    owned: bool
    extension: str | None
    is_parent: bool
    parents: tuple[str, ...]
    hidden: bool
    key_columns: tuple[str, ...]
    key_immediate: bool
    triggers: tuple[str, ...]

    @property
    def entity(self) -> str:
        """The name people use: bare in schema public, else schema.table."""
        return self.table if self.schema == "public" else f"{self.schema}.{self.table}"

    @property
    def full_name(self) -> str:
        """The name with its schema in any case."""
        return f"{self.schema}.{self.table}"

    @property
    def trigger_names(self) -> tuple[str, ...]:
        """The names of our triggers on it, which people may have changed."""
        return tuple(line.split(" ", 5)[5] for line in self.triggers)

    @property
    def sql(self) -> Composed:
        """The name for a statement."""
        return qualified(self.schema, self.table)


@dataclass(frozen=True, slots=True)
class Number:
    """A sequence that numbers rows of table `relid`. `owned`: we may alter it."""

    relid: int
    schema: str
    name: str
    owner: str
    owned: bool
    increment: int
    maximum: int
    cycles: bool

    @property
    def entity(self) -> str:
        """The name people use: bare in schema public, else schema.name."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    @property
    def sql(self) -> Composed:
        """The name for a statement."""
        return qualified(self.schema, self.name)


@dataclass(frozen=True, slots=True)
class Catalog:
    """One look at a database. `relations` come by name, roots and partitions alike."""

    relations: tuple[Relation, ...]
    sequences: tuple[Number, ...]
    subscribed: frozenset[int]

    def level(self, root: Relation) -> tuple[Relation, ...]:
        """A table with all its partitions, the table itself first."""
        below = (each for each in self.relations if each.root == root.relid and each is not root)
        return (root, *below)


async def read_catalog(connection: Connection, schemas: Sequence[str]) -> Catalog:
    """Look at every table in the schemas. Run it inside `triggers.locks.transaction`."""
    rows = await connection.fetch(statement("catalog_relations"), list(schemas))
    relations = tuple(_relation(row) for row in rows)
    relids = [each.relid for each in relations]
    numbers = await connection.fetch(statement("catalog_sequences"), relids)
    subscribed: list[asyncpg.Record] = []
    if await connection.fetchval(statement("catalog_subscriptions_readable")):
        subscribed = await connection.fetch(statement("catalog_subscriptions"))
    return Catalog(
        relations=relations,
        sequences=tuple(_number(row) for row in numbers),
        subscribed=frozenset(row["relid"] for row in subscribed),
    )


async def fingerprint(connection: Connection, schemas: Sequence[str]) -> str:
    """A text that changes when a table of the schemas appears, goes or is altered, or loses a trigger.

    One statement and a few milliseconds for some hundred tables, so a running service can ask every few
    seconds and install again when the answer differs.
    """
    return str(await connection.fetchval(statement("fingerprint"), list(schemas)))


def _relation(row: asyncpg.Record) -> Relation:
    return Relation(
        relid=row["relid"],
        root=row["root"],
        schema=row["schema_name"],
        table=row["table_name"],
        kind=row["kind"],
        persistence=row["persistence"],
        owner=row["owner"],
        owned=row["owned"],
        extension=row["extension"],
        is_parent=row["is_parent"],
        parents=tuple(row["parents"]),
        hidden=row["hidden"],
        key_columns=tuple(row["key_columns"]),
        key_immediate=row["key_immediate"],
        triggers=tuple(row["triggers"]),
    )


def _number(row: asyncpg.Record) -> Number:
    return Number(
        relid=row["relid"],
        schema=row["schema_name"],
        name=row["sequence_name"],
        owner=row["owner"],
        owned=row["owned"],
        increment=row["increment"],
        maximum=row["maximum"],
        cycles=row["cycles"],
    )
