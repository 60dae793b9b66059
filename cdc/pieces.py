"""What a table's images and the target's table have in common, as pieces of SQL. Pure.

They belong to one list of source columns; changes captured before and after an ALTER TABLE have two sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, LiteralString

from cdc.errors import KeyUnnamed, SchemaMismatch
from cdc.fields import as_value, image_field
from cdc.model import Entity
from cdc.shape import Column, TableShape
from triggers.identifiers import Composed, fragment, identifier, joined, type_name
from triggers.statements import render

_NOTHING: Final = fragment("")


@dataclass(frozen=True)
class Pieces:
    """How images with the source's `columns` meet rows of the target's `shape`.

    `image` is the name of a composite type of the target's session with as many text fields as the images have.
    Fields are cast to the columns' types one by one: a type made of those types would keep an application
    from dropping them.
    """

    entity: Entity
    columns: tuple[str, ...]
    shape: TableShape
    key_columns: tuple[str, ...]
    image: Composed
    key_image: Composed = _NOTHING
    """The same with as many fields as the key has columns; there is none where the table has no key."""

    def __post_init__(self) -> None:
        """Refuse a key the target cannot look rows up by.

        Raises:
            KeyUnnamed: the changes lack the source's key columns.
            SchemaMismatch: no unique index of the target is over them.
        """
        if not set(self.key_columns) <= set(self.columns):
            raise KeyUnnamed(
                f"{self.entity}: its changes do not name the key ({', '.join(self.key_columns)})",
                entity=str(self.entity),
                hint="the key was renamed; the table goes on by itself when capture has taken note",
            )
        if self.key_columns and self.shape.key(self.key_columns) is None:
            named = ", ".join(self.key_columns)
            raise SchemaMismatch(
                f"{self.entity}: the target has no unique index over ({named})",
                entity=str(self.entity),
                hint="create the same primary key on both sides; the table goes on by itself",
            )

    # -- what the two sides have in common -------------------------------------------------------------

    @cached_property
    def common(self) -> tuple[Column, ...]:
        """Columns both sides have and neither computes, by name: the same order whichever side is asked."""
        return tuple(
            sorted(
                (c for c in self.shape.columns if c.name in self.columns and not c.generated),
                key=lambda column: column.name,
            )
        )

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Source columns that the target has not."""
        return tuple(name for name in self.columns if self.shape.column(name) is None)

    # -- pieces of statements --------------------------------------------------------------------------

    @cached_property
    def _keys(self) -> list[Composed]:
        return [identifier(f"k{i}") for i in range(len(self.key_columns))]

    @cached_property
    def _operators(self) -> Sequence[Composed]:
        key = self.shape.key(self.key_columns) if self.key_columns else None
        return key.operators if key else ()

    def field(self, image: LiteralString, name: str) -> Composed:
        """A field of an image, such as `b.n`, as the target's type for that column; text where it has none."""
        place = identifier(image_field(self.columns.index(name)))
        return as_value(fragment("({image}).{f}", image=fragment(image), f=place), self.shape.column(name))

    def _key_from(self, image: LiteralString) -> Composed:
        """The key's columns of an image, named k0, k1, ..."""
        return joined(
            fragment("{field} AS {k}", field=self.field(image, name), k=key)
            for name, key in zip(self.key_columns, self._keys, strict=True)
        )

    def _key_of_either(self, condition: LiteralString) -> Composed:
        """The key's columns of b.n where the condition holds, else of b.o."""
        return joined(
            fragment(
                "CASE WHEN {condition} THEN {new} ELSE {old} END AS {k}",
                condition=fragment(condition),
                new=self.field("b.n", name),
                old=self.field("b.o", name),
                k=key,
            )
            for name, key in zip(self.key_columns, self._keys, strict=True)
        )

    def _same_key(self, one: LiteralString, other: LiteralString) -> Composed:
        return joined(
            (
                fragment("{l} {op} {r}", l=self.field(one, name), op=op, r=self.field(other, name))
                for name, op in zip(self.key_columns, self._operators, strict=True)
            ),
            " AND ",
        )

    def _row(self, image: LiteralString) -> Composed:
        """An image as it would be in the target's table, to be compared with what is there."""
        fields = [
            fragment("{field}::{type}", field=self.field(image, column.name), type=column.padded_type)
            if column.padded_type is not None
            else self.field(image, column.name)
            for column in self.common
        ]
        return fragment("ROW({fields})::record", fields=joined(fields))

    def _match(self, left: Composed) -> Composed:
        return joined(
            (
                fragment("{l}.{c} {op} n.{k}", l=left, c=identifier(name), op=op, k=key)
                for name, op, key in zip(self.key_columns, self._operators, self._keys, strict=True)
            ),
            " AND ",
        )

    def _entity_id(self, values: Sequence[Composed]) -> Composed:
        return self.shape.name_of(self.key_columns, values)

    def _compared(self, alias: LiteralString) -> Composed:
        """A row of the target as the columns that are compared."""
        fields = [
            fragment("{a}.{c}::{type}", a=fragment(alias), c=identifier(column.name), type=column.base_type)
            if column.base_type != column.type
            else fragment("{a}.{c}", a=fragment(alias), c=identifier(column.name))
            for column in self.common
        ]
        return fragment("ROW({fields})::record", fields=joined(fields))

    def id_of(self, alias: LiteralString) -> Composed:
        """The entity id of a row of the target; of a table without a key the whole row's text."""
        if not self.key_columns:
            return fragment("{row}::text", row=self._compared(alias))
        return self._entity_id(
            [fragment("{a}.{c}", a=fragment(alias), c=identifier(name)) for name in self.key_columns]
        )

    @cached_property
    def _settings(self) -> Composed:
        return joined(self._setting(column) for column in self.common if not column.identity_always)

    def _setting(self, column: Column) -> Composed:
        name, field = identifier(column.name), self.field("n.after", column.name)
        if not column.keeps_old_values:
            return fragment("{c} = {field}", c=name, field=field)
        # A value that stays is not looked at by its domain again, as it is not where the application changed the row.
        return fragment(
            "{c} = CASE WHEN t.{c}::{base}::text IS NOT DISTINCT FROM ({field})::text THEN t.{c} "
            "ELSE ({field})::{type} END",
            c=name,
            base=column.base_type,
            field=field,
            type=column.type,
        )

    @property
    def _no_settings(self) -> Composed:
        """What stands where nothing can be set; it is never carried out."""
        return fragment("{c} = DEFAULT", c=identifier(next(c.name for c in self.shape.columns)))

    @cached_property
    def _parts(self) -> dict[str, Composed]:
        """The pieces most statements share."""
        target_key = [fragment("t.{c}", c=identifier(name)) for name in self.key_columns]
        return {
            "image": self.image,
            "table": self.shape.relation,
            "keys": joined(self._keys),
            "match": self._match(fragment("t")),
            "entity_id": self._entity_id(self._keys),
            "target_entity_id": self._entity_id(target_key),
            "current": self._compared("t"),
            "target_id": self.id_of("t"),
            "image_id": self._entity_id(self._keys)
            if self._keys
            else fragment("{row}::text", row=self._row("n.after")),
            "and_key_of_after": fragment(", {key}", key=self._key_from("x.after"))
            if self._keys
            else fragment(""),
            "target_row": fragment(
                "ROW({fields})",
                fields=joined(fragment("t.{c}", c=identifier(column.name)) for column in self.shape.columns),
            ),
            "columns": joined(identifier(column.name) for column in self.common),
            "values": joined(self.field("n.after", column.name) for column in self.common),
            "settings": self._settings or self._no_settings,
            "settable": fragment("true") if self._settings else fragment("false"),
            "absent": fragment(
                "NOT EXISTS (SELECT FROM {table} t WHERE {match})",
                table=self.shape.relation,
                match=self._match(fragment("t")),
            )
            if self.shape.deferrable
            else fragment("true"),
            # PostgreSQL refuses the clause where a constraint is deferrable.
            "unless_there": fragment("" if self.shape.deferrable else "ON CONFLICT DO NOTHING"),
            "after": self._row("n.after"),
            "before": self._row("n.origin"),
            "key_of_b": self._key_of_either("p.part = 1 OR NOT b.has_o"),
            "key_of_item": self._key_of_either("b.has_n"),
            "key_of_origin": self._key_from("b.origin"),
            "key_of_after": self._key_from("x.after"),
            "key_of_texts": self._key_of_texts,
            "same_key": self._same_key("o", "n"),
            "same_keys": joined(
                (
                    fragment("n.{k} {op} m.{k}", k=key, op=op)
                    for key, op in zip(self._keys, self._operators, strict=True)
                ),
                " AND ",
            ),
            "same_key_of_item": self._same_key("b.origin", "b.after"),
        }

    @cached_property
    def _key_of_texts(self) -> Composed:
        casts = []
        for i, (name, key) in enumerate(zip(self.key_columns, self._keys, strict=True), start=1):
            column = self.shape.column(name)
            assert column is not None  # noqa: S101 - the key's columns are the table's
            place = type_name(f"($1::text[])[{i}]")
            casts.append(fragment("{value} AS {k}", value=as_value(place, column), k=key))
        return joined(casts)

    def _render(self, name: str, wanted: Sequence[str], **more: Composed) -> str:
        return render(name, "cdc", **{part: self._parts[part] for part in wanted}, **more)
