"""Carries out TRUNCATEs: a delete of the rows that the source had seen."""

from __future__ import annotations

from collections.abc import Sequence

from cdc import records
from cdc.change import Change
from cdc.model import Entity
from cdc.references import check_orphans
from cdc.target import Target
from cdc.workset import parents_first
from triggers.statements import statement


async def truncate(target: Target, truncated: Sequence[tuple[Change, Entity]]) -> None:
    """Empty tables that were truncated together, children first, leaving what the source had not seen.

    Args:
        target: the open applying transaction.
        truncated: for each table its change and its name.

    Raises:
        ReferenceBroken: a child elsewhere would be without its parent.
    """
    by_entity = {entity: change for change, entity in truncated}
    order = parents_first(target.shapes, list(by_entity))
    for entity in reversed(order):
        change = by_entity[entity]
        mapping = target.mapped(entity, target.own_columns(entity))
        table_id = await target.connection.fetchval(
            statement("captured_table_id", "cdc"), entity.schema, entity.table
        )
        left = await target.connection.fetch(mapping.truncate, change.seen, table_id, list(mapping.columns))
        await records.recheck(
            target.connection, entity, [row["entity_id"] for row in left], "written beside a TRUNCATE"
        )
    if target.replica:
        for entity in order:
            await check_orphans(target, target.mapped(entity, target.own_columns(entity)))
