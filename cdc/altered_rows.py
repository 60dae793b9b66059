"""Compares the rows of a table that was altered; keys that differ are put on the list of rechecks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from cdc.comparison import find, is_equal, seen_at_once
from cdc.difference import Difference
from cdc.model import Entity, Side
from cdc.session import Endpoint
from cdc.shape import TableShape
from cdc.table_pair import TablePair

NEW: Final = "the table is new, or its columns or partitions have changed"


async def compare_rows(
    endpoints: Mapping[Side, Endpoint],
    entity: Entity,
    key: Collection[str],
    shapes: tuple[TableShape | None, TableShape | None],
    number: int,
) -> None:
    """Compare all rows of a table, or of a partition, that both sides have.

    Args:
        endpoints: both sides.
        entity: the table.
        key: the columns that name its rows.
        shapes: what is compared, on MAIN and on BACKUP: the table, or a partition of it.
        number: another one for every comparison.
    """
    main, backup = shapes
    pair = _pair(main, backup, key) if main and backup else None
    if pair is None:
        return
    difference = Difference(pair, number)
    async with (
        seen_at_once(endpoints[Side.MAIN], [pair]) as (there, _),
        seen_at_once(endpoints[Side.BACKUP], [pair]) as (here, _),
    ):
        equal, _ = await is_equal(here, there, difference)
        if equal or not difference.keyed:
            return
        await find(here, there, difference)
        await here.execute(difference.sql("recheck_differing"), str(entity), NEW)


def named(name: str) -> Entity:
    """A table by its name in the contract's form."""
    schema, _, table = name.rpartition(".")
    return Entity(schema or "public", table)


def _pair(main: TableShape, backup: TableShape, key: Collection[str]) -> TablePair | None:
    """The columns of a table that both sides have and nobody computes; None where the key tells no rows apart."""
    names = {column.name for column in main.columns if not column.generated}
    names &= {column.name for column in backup.columns if not column.generated}
    columns, found = tuple(sorted(names)), backup.key(tuple(key)) if key else None
    if not columns or (key and (found is None or main.key(tuple(key)) is None)):
        return None
    operators = found.operators if found else ()
    return TablePair(main.entity, columns, tuple(key), operators, False, main, backup)  # noqa: FBT003
