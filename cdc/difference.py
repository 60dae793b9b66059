"""Where a table differs between the sides, found by keys and row hashes; the SQL for it. Pure.

One side finds the difference (`o` in SQL are the other side's hashes) and hands a flipped copy to the other,
so that each side has a list of its own: rows only here, rows only on the other side, rows that differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from cdc.fields import holds_large, is_binary, row_text
from cdc.shape import Column
from cdc.table_pair import TablePair
from triggers.identifiers import Composed, fragment, identifier, identifier_list, joined, qualified
from triggers.statements import render, statement

_PART: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True)
class Difference:
    """A table's difference, kept in temporary tables of each session under a number of its own."""

    pair: TablePair
    number: int
    only: bool = False
    """Leave tables that inherit from it in the classic way alone. Not for partitioned tables."""

    @property
    def keyed(self) -> bool:
        """Whether a key tells rows apart; else equal rows are counted."""
        return bool(self.pair.key)

    def temporary(self, kind: str) -> tuple[str, str]:
        """Schema and name of one of the temporary tables: `other`, `difference` or `stage`."""
        return "pg_temp", f"cdc_{kind}_{self.number}"

    def sql(self, name: str, package: str = "cdc", **more: Composed) -> str:
        """A statement of ours with this table's parts; `keyed_` or `heap_` is put before `_name`."""
        if name.startswith("_"):
            name = f"{'keyed' if self.keyed else 'heap'}{name}"
        parts = self._parts | more
        return render(
            name, package, **{part: parts[part] for part in _PART.findall(statement(name, package))}
        )

    @property
    def settable(self) -> bool:
        """Whether a row can be changed in place."""
        return bool(self._settable)

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns of the table of the other side's hashes."""
        return (*self.pair.key_names, "hash")

    @property
    def list_columns(self) -> tuple[str, ...]:
        """Columns of the list of differences."""
        return (*self.pair.key_names, "kind") if self.keyed else ("hash", "here", "other")

    @cached_property
    def _parts(self) -> dict[str, Composed]:
        pair = self.pair
        row, stage_row = self._row("t"), self._row("s")
        # Collation C: the same bytes give the same hash whatever the databases' collations are.
        row_hash = fragment('hashtextextended(({row}) COLLATE pg_catalog."C", 0)', row=row)
        return {
            "table": fragment("ONLY {table}", table=pair.relation) if self.only else pair.relation,
            "into": pair.relation,
            "columns": pair.list("t"),
            "names": pair.list(),
            "values": pair.list("s"),
            "settings": identifier_list(self._settable),
            "setting_values": identifier_list(self._settable, "s"),
            "hash": row_hash,
            "table_row": row,
            "stage_row": stage_row,
            "fields": joined([*self._own_keys, fragment("{hash} AS hash", hash=row_hash)]),
            "own_keys": joined(self._own_keys),
            "keys": identifier_list(pair.key_names, "d"),
            "either": joined(
                fragment("coalesce(h.{name}, o.{name}) AS {name}", name=identifier(name))
                for name in pair.key_names
            ),
            "keys_meet": pair.ours_meet("h", "o"),
            "match": pair.key_matches("t", "d"),
            "stage_match": pair.key_matches("s", "d"),
            "same_key": pair.same_key("t", "s"),
            "entity_id": self._id("d", pair.key_names),
            "stage_id": self._id("s", pair.key) if self.keyed else stage_row,
            "other": qualified(*self.temporary("other")),
            "difference": qualified(*self.temporary("difference")),
            "stage": qualified(*self.temporary("stage")),
            "hash_name": self._free("cdc_hash"),
            "number_name": self._free("cdc_number"),
        }

    def _row(self, alias: str) -> Composed:
        """A row as text; of one that is too large the same on both sides."""
        values = [
            (fragment("{a}.{c}", a=identifier(alias), c=identifier(name)), self._measured(name))
            for name in self.pair.columns
        ]
        return row_text(fragment("(ROW({columns}))", columns=self.pair.list(alias)), values)

    def _measured(self, name: str) -> Column:
        """The column on the side that says least about how large its values are."""
        one, other = (shape.column(name) for shape in (self.pair.source, self.pair.target))
        assert one is not None  # noqa: S101 - the pair's columns are the tables'
        assert other is not None  # noqa: S101
        if holds_large(one) and holds_large(other) and is_binary(one) != is_binary(other):
            return replace(one, base_type=fragment("record"))
        return other if holds_large(one) else one

    @property
    def _own_keys(self) -> list[Composed]:
        return [self.pair.key_as_ours("t")] if self.keyed else []

    @property
    def _settable(self) -> list[str]:
        fixed = {
            column.name
            for shape in (self.pair.source, self.pair.target)
            for column in shape.columns
            if column.identity_always
        }
        return [name for name in self.pair.columns if name not in fixed]

    def _id(self, alias: str, columns: Sequence[str]) -> Composed:
        names = [fragment("{a}.{c}", a=identifier(alias), c=identifier(column)) for column in columns]
        return self.pair.target.name_of(self.pair.key, names)

    def _free(self, name: str) -> Composed:
        while name in self.pair.columns:
            name += "_"
        return identifier(name)
