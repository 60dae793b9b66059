"""Carries out TRUNCATEs: a delete of the rows that the source had seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cdc import records
from cdc.change import CapturedTable, Change
from cdc.model import Entity
from cdc.references import check_orphans
from cdc.target import Target
from cdc.workset import parents_first
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Truncated:
    """A TRUNCATE of a captured table, or of one partition of it."""

    change: Change
    table: CapturedTable

    @property
    def relation(self) -> Entity:
        """What was named in the statement: the change has it where it is a partition."""
        return Entity(*self.change.columns) if self.change.columns else self.table.entity


async def prepare(target: Target, truncated: Truncated) -> None:
    """Make the mappings that a TRUNCATE needs, before a transaction begins.

    Raises:
        SchemaMismatch: the target has no such table or partition, or no key like the source's.
    """
    entity, key = truncated.table.entity, truncated.table.key_columns
    await target.mapping(entity, target.own_columns(entity), key)
    await target.mapping(truncated.relation, target.own_columns(truncated.relation), key)
    for columns in await _layouts(target, truncated):
        await target.mapping(entity, columns, key)


async def truncate(target: Target, truncated: Iterable[Truncated]) -> None:
    """Empty tables that were truncated together, children first, leaving what the source had not seen.

    Args:
        target: the open applying transaction.
        truncated: what was truncated, prepared before the transaction.

    Raises:
        ReferenceBroken: a child elsewhere would be without its parent.
        KeyError: a form of images appeared that was not prepared for; prepare and try again.
    """
    by_relation = {item.relation: item for item in truncated}
    roots = parents_first(target.shapes, list({item.table.entity for item in by_relation.values()}))
    ordered = sorted(by_relation.values(), key=lambda item: roots.index(item.table.entity), reverse=True)
    for item in ordered:
        unseen: list[str] = []
        for columns in await _layouts(target, item):
            mapping = target.mapped(item.table.entity, columns)
            rows = await target.connection.fetch(mapping.truncate_unseen, *_place(item), list(columns))
            unseen += [row["entity_id"] for row in rows]
        relation = target.mapped(item.relation, target.own_columns(item.relation))
        await target.connection.execute(relation.truncate_apply, unseen)
        if item.table.key_columns:
            await records.recheck(
                target.connection, item.table.entity, unseen, "written beside a TRUNCATE of the other side"
            )
    for entity in roots if target.replica else ():
        await check_orphans(target, target.mapped(entity, target.own_columns(entity)))


async def _layouts(target: Target, truncated: Truncated) -> Sequence[tuple[str, ...]]:
    rows = await target.connection.fetch(statement("truncate_layouts", "cdc"), *_place(truncated))
    return [tuple(row["columns"]) for row in rows]


def _place(truncated: Truncated) -> tuple[str, str, str | None]:
    entity = truncated.table.entity
    return entity.schema, entity.table, truncated.change.seen
