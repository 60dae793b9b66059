"""What a table looks like on both sides, and what about it has to be compared after a change of it. Pure.

A rewrite of a table and ADD COLUMN … DEFAULT give rows values that are no captured change, and a partition is
attached with rows that are none either. So what both sides looked like when they last agreed is remembered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cdc.model import Entity, Side
from cdc.rounding import alike
from cdc.shape import TableShape


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its number stays through a rename, its version changes with any ALTER of it."""

    number: int
    type: str
    version: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A table on one side.

    `storage`: the file of its rows; `partitions`: names of the leaves; `relid`: 0, not known; `numbers`: of
    all columns; `ordered`: all partitions have them in the table's order.
    """

    fields: Mapping[str, Field]
    storage: int
    partitions: frozenset[str] = frozenset()
    relid: int = 0
    numbers: tuple[int, ...] = ()
    ordered: bool = True

    @classmethod
    def of(cls, shape: TableShape, partitions: Iterable[Entity] = ()) -> Definition:
        """What a shape says; computed columns are nobody's values."""
        fields = {
            column.name: Field(column.number, column.full_type, column.version)
            for column in shape.columns
            if not column.generated
        }
        numbers = tuple(sorted(column.number for column in shape.columns))
        leaves = frozenset(str(name) for name in partitions)
        return cls(fields, shape.storage, leaves, shape.relid, numbers, shape.ordered)

    def numbered(self, number: int) -> Field | None:
        """The column of that number."""
        return next((each for each in self.fields.values() if each.number == number), None)

    def replaced(self, before: Definition, name: str) -> bool:
        """Whether a name that was there before is another table's, or another column's, by now."""
        old = before.fields.get(name)
        another = before.relid not in {0, self.relid}
        return another or (old is not None and old.number != self.fields[name].number)

    def rewritten(self, before: Definition, name: str) -> bool:
        """Whether a column's values may be others than before although no row was written."""
        old, new = before.fields.get(name), self.fields[name]
        if old is None or old.type != new.type or self.replaced(before, name):
            return True
        # ALTER … TYPE … USING to the same type: the column has a new version, the table a new file.
        # What is partitioned has no file of its own: only the version tells.
        return old.version != new.version and (self.storage != before.storage or not self.storage)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be compared. `whole`: all rows; `partitions`: only those of these leaves."""

    whole: bool = False
    partitions: frozenset[str] = frozenset()
    waits: bool = False
    """Something is on one side only: the rest of the work follows when the other side has it too."""
    rekeyed: bool = False
    """Rows have other names than before: what is known by the old ones would be taken for other rows now."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """A table on both sides. `key`: the numbers of its columns on MAIN, in order; None where they are not known."""

    sides: Mapping[Side, Definition]
    key: tuple[int, ...] | None = None

    @classmethod
    def of(
        cls, sides: Mapping[Side, Definition], key: Sequence[str], before: Definitions | None
    ) -> Definitions:
        """Both sides with the key that capture knows of; where it knows a name that is gone, the key is as before."""
        fields = [sides[Side.MAIN].fields.get(name) for name in key]
        found = tuple(field.number for field in fields if field is not None)
        if len(found) < len(fields):
            return cls(sides, before.key if before else None)
        return cls(sides, found)

    @property
    def common(self) -> set[str]:
        """Columns that both sides have."""
        return set.intersection(*(set(one.fields) for one in self.sides.values()))

    @property
    def uneven(self) -> bool:
        """Whether the two sides are not partitioned alike."""
        return len({one.partitions for one in self.sides.values()}) > 1

    @property
    def leaves(self) -> frozenset[str]:
        """Partitions that both sides have."""
        return frozenset.intersection(*(one.partitions for one in self.sides.values()))

    def work(self, before: Definitions | None) -> Work:
        """What has to be compared now, given what was known before; None: the table is new."""
        if before is None:
            return Work(whole=True)
        if any(
            len({one.replaced(before.sides[side], name) for side, one in self.sides.items()}) > 1
            for name in self.common & before.common
        ):
            # Made anew on one side only: the other side's is most likely to follow, and until then all rows differ.
            return Work(waits=True)
        whole = any(
            one.rewritten(before.sides[side], name)
            for side, one in self.sides.items()
            for name in self.common
        )
        if self.key and before.key is not None and self.key != before.key:
            return Work(whole=True, rekeyed=True)
        if self.partitions == before.partitions:
            return Work(whole=whole)
        if before.uneven:
            # Never partitioned alike: which rows a partition brought or took cannot be told by its name.
            return Work(whole=True)
        return Work(whole, frozenset() if whole else self.leaves - before.leaves, waits=self.uneven)

    @property
    def partitions(self) -> dict[Side, frozenset[str]]:
        """Each side's partitions."""
        return {side: one.partitions for side, one in self.sides.items()}

    def partitioned_as(self, before: Definitions) -> Definitions:
        """These columns with the earlier partitions."""
        earlier = before.sides
        sides = {side: replace(one, partitions=earlier[side].partitions) for side, one in self.sides.items()}
        return replace(self, sides=sides)

    def dump(self) -> str:
        """As JSON text."""
        sides = {
            side: {
                "columns": {
                    name: [each.number, each.type, each.version] for name, each in one.fields.items()
                },
                "storage": one.storage,
                "partitions": sorted(one.partitions),
                "relid": one.relid,
                "numbers": one.numbers,
                "ordered": one.ordered,
            }
            for side, one in self.sides.items()
        }
        return json.dumps({**sides, "key": self.key})

    @classmethod
    def parse(cls, text: str) -> Definitions:
        """Read what `dump` wrote."""
        found: dict[str, Any] = json.loads(text)
        key = found.pop("key", None)
        return cls(
            {
                Side(side): Definition(
                    {name: Field(*parts) for name, parts in one["columns"].items()},
                    one["storage"],
                    frozenset(one["partitions"]),
                    one.get("relid", 0),
                    tuple(one.get("numbers", ())),
                    one.get("ordered", one["storage"] != 0),
                )
                for side, one in found.items()
            },
            None if key is None else tuple(key),
        )


def disagreement(main: TableShape, backup: TableShape) -> str | None:
    """Why equal values of the two tables need not be printed alike; None where they are."""
    for column in main.columns:
        other = backup.column(column.name)
        if other is None or column.generated or other.generated:
            continue
        if not alike(column.full_type, other.full_type):
            return f"column {column.name} is {column.full_type} on MAIN and {other.full_type} on BACKUP"
    return None
