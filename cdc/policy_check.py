"""Whether a table can have a policy: its columns are there, and their types can be decided that way."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Final

import asyncpg

from cdc.catalog import read_shapes
from cdc.config import DEFAULT
from cdc.errors import ConfigurationError
from cdc.merge_process import GROUP
from cdc.policy import PolicyRule, Strategy
from cdc.session import Connection
from cdc.shape import Column, TableShape
from cdc.strategies import try_strategy
from triggers.statements import statement

_INEXACT: Final = frozenset({"real", "double precision"})


async def check_policy(connection: Connection, entity: str, rule: PolicyRule) -> None:
    """Refuse a policy that could never decide anything.

    Args:
        connection: to MAIN.
        entity: a captured table in the contract's form; '*' for the default, whose columns have to be those of some
            table: it leaves conflicts of tables that lack them to a person.
        rule: the policy.

    Raises:
        ConfigurationError: there is no such table, column or function, or a column's type does not go with its
            strategy.
    """
    _check_function(rule.function)
    rows = await connection.fetch(statement("captured_tables", "cdc"))
    shapes = await read_shapes(connection, sorted({row["schema_name"] for row in rows}))
    captured = {(row["schema_name"], row["table_name"]): tuple(row["key_columns"]) for row in rows}
    tables = {
        str(each): (shape, captured[each.schema, each.table])
        for each, shape in shapes.items()
        if (each.schema, each.table) in captured
    }
    if entity != DEFAULT and entity not in tables:
        raise ConfigurationError(
            f"there is no captured table {entity}",
            hint="Write it as PostgreSQL has it: Product, or schema.table outside public.",
        )
    chosen = [tables[entity]] if entity != DEFAULT else list(tables.values())
    if rule.column is not None:
        await _check_column(connection, entity, chosen, rule.column, Strategy.LATEST)
    for name, each in rule.columns.items():
        await _check_column(connection, entity, chosen, name, each.strategy)
        if each.by is not None:
            await _check_column(connection, entity, chosen, each.by, Strategy.LATEST)


def _check_function(name: str | None) -> None:
    known = sorted(each.name for each in entry_points(group=GROUP))
    if name is not None and name not in known:
        raise ConfigurationError(
            f"there is no merge function {name}",
            hint=f"Entry points of the group {GROUP} that are installed here: {', '.join(known) or 'none'}.",
        )


async def _check_column(
    connection: Connection,
    entity: str,
    tables: Iterable[tuple[TableShape, tuple[str, ...]]],
    name: str,
    strategy: Strategy,
) -> None:
    found = [(column, key) for shape, key in tables if (column := shape.column(name)) is not None]
    if not found:
        raise ConfigurationError(
            f"{entity} has no column {name}", hint="Write it as PostgreSQL has it, case included."
        )
    for column, key in found:
        if name in key and strategy is not Strategy.LATEST:
            raise ConfigurationError(f"{entity}: {name} is part of the key, which cannot be in conflict")
        await _check_type(connection, entity, column, strategy)


async def _check_type(connection: Connection, entity: str, column: Column, strategy: Strategy) -> None:
    what = f"{entity}: {column.name} is {column.type}, which {strategy} cannot decide"
    if column.generated:
        raise ConfigurationError(f"{entity}: {column.name} is computed from other columns")
    if strategy is Strategy.SUM and column.base_type in _INEXACT:
        raise ConfigurationError(what, hint="Sums of it depend on the order; numeric is exact.")
    if strategy is Strategy.JSON and column.base_type != "jsonb":
        raise ConfigurationError(what, hint="JSON merges jsonb objects.")
    try:
        await try_strategy(connection, column, strategy)
    except asyncpg.PostgresError as error:
        raise ConfigurationError(what, hint=f"PostgreSQL says: {error}.") from error
