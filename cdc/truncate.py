"""Carries out TRUNCATEs: a delete of the rows that the source had seen."""

from __future__ import annotations

from collections.abc import Sequence

from cdc import records
from cdc.model import Entity
from cdc.reader import Change
from cdc.references import check_orphans
from cdc.target import Target
from cdc.workset import parents_first
from triggers.statements import statement


async def truncate(target: Target, truncated: Sequence[tuple[Change, Entity, tuple[str, ...]]]) -> None:
    """Empty tables that were truncated together, children first, leaving what the source had not seen.

    Args:
        target: the open applying transaction.
        truncated: for each table its change, its name and its key.

    Raises:
        SchemaMismatch: the target has no such table, or no key like the source's.
        ReferenceBroken: a child elsewhere would be without its parent.
    """
    by_entity = {entity: (change, key) for change, entity, key in truncated}
    order = parents_first(target.shapes, list(by_entity))
    for entity in [*reversed(order), *(by_entity.keys() - set(order))]:
        change, key = by_entity[entity]
        mapping = await target.own_mapping(entity, key)
        table_id = await target.connection.fetchval(
            statement("captured_table_id", "cdc"), entity.schema, entity.table
        )
        left = await target.connection.fetch(mapping.truncate, change.seen, table_id, list(mapping.columns))
        await records.recheck(
            target.connection, entity, [row["entity_id"] for row in left], "written beside a TRUNCATE"
        )
    if target.replica:
        for entity in order:
            await check_orphans(target, await target.own_mapping(entity, by_entity[entity][1]))
