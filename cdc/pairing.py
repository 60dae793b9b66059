"""Records on both sides: found by their entity ids, read and compared as the columns both sides have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cdc.finding import Row
from cdc.images import format_row, split_key, to_image
from cdc.mapping import Mapping
from cdc.model import Entity
from cdc.position import Seen
from cdc.target import Target

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of rows read from a side in one go."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A table on both sides, with its key."""

    entity: Entity
    key: tuple[str, ...]
    here: Target
    there: Target

    async def read(self, ids: Sequence[str]) -> list[tuple[Row, Row]]:
        """Read records here and there; each row's `seen` is what was visible when it was read.

        Args:
            ids: the records, in the contract's form.

        Returns:
            Both rows of each, in their order; of large rows only as many as memory allows, at least one.

        Raises:
            ValueError: an id has another number of parts than the key.
            SchemaMismatch: a side lacks the table or the key.
        """
        here = await self._read(self.here, self.there, ids)
        return list(zip(here, await self._read(self.there, self.here, ids[: len(here)]), strict=False))

    async def mapping(self, side: Target, other: Target) -> Mapping:
        """How rows of `other` become rows of `side`."""
        shape = other.shapes.get(self.entity)
        columns = tuple(column.name for column in shape.columns) if shape else ()
        return await side.mapping(self.entity, columns, self.key)

    async def touched(self, ids: Sequence[str], here: str, there: str) -> set[str]:
        """Which records an application wrote on a side after that side was read.

        Args:
            ids: the records.
            here: what was visible here when they were read, text of a snapshot.
            there: likewise on the other side.
        """
        return await self._touched(self.here, ids, here) | await self._touched(self.there, ids, there)

    async def _touched(self, side: Target, ids: Sequence[str], seen: str) -> set[str]:
        mapping = await side.mapping(self.entity, side.own_columns(self.entity), self.key)
        return await touched(side, mapping, ids, seen)

    async def _read(self, side: Target, other: Target, ids: Sequence[str]) -> list[Row]:
        mapping = await self.mapping(side, other)
        rows = await side.connection.fetch(mapping.rows_read, key_images(mapping, ids), MOST_BYTES)
        columns = [column.name for column in mapping.shape.columns]
        return [
            Row(to_image(columns, row["current"]), row["common"], Seen.parse(row["seen"])) for row in rows
        ]


def key_images(mapping: Mapping, ids: Sequence[str]) -> list[str]:
    """Images of nothing but keys, as statements take them that look rows up by their ids.

    Raises:
        ValueError: an id has another number of parts than the key.
    """
    parts = len(mapping.key_columns)
    places = [mapping.columns.index(name) for name in mapping.key_columns]
    images = []
    for each in ids:
        fields: list[str | None] = [None] * len(mapping.columns)
        for place, text in zip(places, split_key(each, parts), strict=True):
            fields[place] = text
        images.append(format_row(fields))
    return images


async def touched(side: Target, mapping: Mapping, ids: Sequence[str], seen: str) -> set[str]:
    """Which records an application wrote on a side after a moment; all, where that cannot be told.

    Args:
        side: the side.
        mapping: of its own images, as its changelog has them.
        ids: the records.
        seen: what was visible there at that moment, text of a snapshot.
    """
    rows = await side.connection.fetch(
        mapping.rows_touched,
        key_images(mapping, ids),
        mapping.shape.relid,
        seen,
        list(mapping.columns),
        list(mapping.key_columns),
    )
    return {ids[row["n"] - 1] for row in rows}
