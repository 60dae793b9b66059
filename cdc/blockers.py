"""Names the records that a refused row cannot stand beside, or cannot do without."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from cdc.catalog import read_deferrable
from cdc.conflicts import Related
from cdc.faults import Blame, judge
from cdc.images import to_image, to_text
from cdc.mapping import Mapping
from cdc.model import Image, Side
from cdc.parents import awaited, parent_name
from cdc.target import Target

MOST: Final = 5
AWAITED: Final = 1_000
"""Rows that are put off among which parents are looked for."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A change that a side has refused: where it comes from, the row before and after, the constraint that spoke."""

    source: Side
    mapping: Mapping
    entity_id: str
    before: Image | None
    image: Image | None
    constraint: str


async def blockers(target: Target, refused: Refused, keys: Callable[[str], Sequence[str]]) -> list[Related]:
    """Name the rows that a constraint is about.

    Of a unique constraint both rows; of a foreign key the parent that is missing, or the children that still refer to
    what was deleted. Nothing is named of a constraint that is neither.

    Args:
        target: what refused the change, inside the open transaction.
        refused: the change.
        keys: the columns that name a table's rows, by table; none where it is not synced.
    """
    try:
        async with target.connection.transaction():
            children = await _children(target, refused, keys)
            found = await _beside(target, refused, refused.image) if refused.image and not children else []
            if not found:
                return children or await _parent(target, refused, refused.image or {}, keys)
    except asyncpg.PostgresError as error:
        if judge(error.sqlstate).blame is Blame.LINK:
            raise
        return []
    entity = str(refused.mapping.entity)
    return [Related(refused.source, entity, refused.entity_id, refused.image), *found]


async def _children(target: Target, refused: Refused, keys: Callable[[str], Sequence[str]]) -> list[Related]:
    """Rows of the target that refer to the row as it was."""
    mapping, before, found = refused.mapping, refused.before, list[Related]()
    for key in mapping.checked(mapping.shape.incoming, outgoing=False):
        child = target.shapes.get(key.child)
        if key.name != refused.constraint or before is None or child is None:
            continue
        if refused.image and all(before.get(name) == refused.image.get(name) for name in key.parent_columns):
            continue  # what children refer to stays
        sql = mapping.referring(key, child, keys(str(key.child)))
        columns = [column.name for column in child.columns]
        rows = await target.connection.fetch(sql, to_text(mapping.columns, before), MOST)
        found += [
            Related(refused.source.other, str(key.child), row["entity_id"], to_image(columns, row["row"]))
            for row in rows
        ]
    return found


async def _beside(target: Target, refused: Refused, image: Image) -> list[Related]:
    mapping, entity = refused.mapping, refused.mapping.entity
    unique = await read_deferrable(target.connection, mapping.shape.relid, refused.constraint)
    if unique is None:
        return []
    text = to_text(mapping.columns, image)
    rows = await target.connection.fetch(mapping.in_the_way(unique), text, refused.entity_id, MOST)
    columns, side = target.own_columns(entity), refused.source.other
    return [Related(side, str(entity), row["entity_id"], to_image(columns, row["row"])) for row in rows]


async def _parent(
    target: Target, refused: Refused, image: Image, keys: Callable[[str], Sequence[str]]
) -> list[Related]:
    """The parent that is missing; where it may go by anything, those that are put off and would do."""
    for key in refused.mapping.shape.outgoing:
        texts, parent = [image.get(name) for name in key.child_columns], target.shapes.get(key.parent)
        if key.name != refused.constraint or None in texts or parent is None:
            continue
        entity = str(key.parent)
        if (sql := parent_name(key, parent, keys(entity))) is not None:
            named = await target.connection.fetchval(sql, texts)
            return [Related(refused.source.other, entity, named, None)]
        arguments = texts, list(key.parent_columns), entity, AWAITED, MOST
        rows = await target.connection.fetch(awaited(key, parent), *arguments)
        return [
            Related(refused.source, entity, row["entity_id"], json.loads(row["incoming"])) for row in rows
        ]
    return []
