"""One record on both sides: found by its entity id, read and compared as the columns both sides have."""

from __future__ import annotations

from dataclasses import dataclass

from cdc.images import split_key, to_image
from cdc.mapping import Mapping
from cdc.model import Entity, Image
from cdc.position import Seen
from cdc.target import Target


@dataclass(frozen=True, slots=True)
class Row:
    """A record as one side has it: all columns, the common ones as one text, and what that side had done."""

    image: Image | None
    common: str | None
    seen: Seen


@dataclass(frozen=True, slots=True)
class Pair:
    """A table on both sides, with its key."""

    entity: Entity
    key: tuple[str, ...]
    here: Target
    there: Target

    async def read(self, entity_id: str) -> tuple[Row, Row]:
        """Read the record here and there; each row's `seen` is what was visible when it was read.

        Raises:
            ValueError: the id has another number of parts than the key.
            SchemaMismatch: a side lacks the table or the key.
        """
        return await self._read(self.here, self.there, entity_id), await self._read(
            self.there, self.here, entity_id
        )

    async def mapping(self, side: Target, other: Target) -> Mapping:
        """How rows of `other` become rows of `side`."""
        shape = other.shapes.get(self.entity)
        columns = tuple(column.name for column in shape.columns) if shape else ()
        return await side.mapping(self.entity, columns, self.key)

    async def touched(self, entity_id: str, here: str, there: str) -> bool:
        """Whether an application wrote the record on a side after that side was read.

        Args:
            entity_id: the record.
            here: what was visible here when it was read, text of a snapshot.
            there: likewise on the other side.
        """
        return await self._touched(self.here, entity_id, here) or await self._touched(
            self.there, entity_id, there
        )

    async def _touched(self, side: Target, entity_id: str, seen: str) -> bool:
        columns = side.own_columns(self.entity)
        mapping = await side.mapping(self.entity, columns, self.key)
        texts = split_key(entity_id, len(self.key))
        found: bool = await side.connection.fetchval(
            mapping.row_touched, texts, mapping.shape.relid, seen, list(columns)
        )
        return found

    async def _read(self, side: Target, other: Target, entity_id: str) -> Row:
        mapping = await self.mapping(side, other)
        row = await side.connection.fetchrow(mapping.row_read, split_key(entity_id, len(self.key)))
        if row is None:
            raise LookupError("a statement that always gives one row gave none")
        columns = [column.name for column in mapping.shape.columns]
        image = None if row["current"] is None else to_image(columns, row["current"])
        return Row(image, row["common"], Seen.parse(row["seen"]))
