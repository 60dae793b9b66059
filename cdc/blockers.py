"""Names the records that a refused row cannot stand beside, or cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import asyncpg

from cdc.catalog import read_deferrable
from cdc.conflicts import Related
from cdc.faults import Blame, judge
from cdc.images import join_key, to_image, to_text
from cdc.mapping import Mapping
from cdc.model import Image, Side
from cdc.target import Target

MOST: Final = 5


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that a side has refused: where it comes from, and the constraint that spoke."""

    source: Side
    mapping: Mapping
    entity_id: str
    image: Image
    constraint: str


async def blockers(target: Target, refused: Refused) -> list[Related]:
    """Name the rows that a constraint is about: of a unique one both, of a foreign key the parent that is missing.

    Nothing is named of a constraint that is neither.

    Args:
        target: what refused the row, inside the open transaction.
        refused: the row.
    """
    try:
        async with target.connection.transaction():
            found = await _beside(target, refused)
    except asyncpg.PostgresError as error:
        if judge(error.sqlstate).blame is Blame.LINK:
            raise
        return []
    if found:
        entity = str(refused.mapping.entity)
        return [Related(refused.source, entity, refused.entity_id, refused.image), *found]
    return _parent(refused)


async def _beside(target: Target, refused: Refused) -> list[Related]:
    mapping, entity = refused.mapping, refused.mapping.entity
    unique = await read_deferrable(target.connection, mapping.shape.relid, refused.constraint)
    if unique is None:
        return []
    text = to_text(mapping.columns, refused.image)
    rows = await target.connection.fetch(mapping.in_the_way(unique), text, refused.entity_id, MOST)
    columns, side = target.own_columns(entity), refused.source.other
    return [Related(side, str(entity), row["entity_id"], to_image(columns, row["row"])) for row in rows]


def _parent(refused: Refused) -> list[Related]:
    for key in refused.mapping.shape.outgoing:
        values = [refused.image.get(name) for name in key.child_columns]
        if key.name == refused.constraint and None not in values:
            entity_id = join_key([value or "" for value in values])
            return [Related(refused.source.other, str(key.parent), entity_id, None)]
    return []
