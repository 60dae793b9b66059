"""SQL over single rows of the target, also over such as are too large to be printed. Pure.

PostgreSQL makes no text beyond 1 GB. Of a row that comes near it, large values are shown by their length and digest,
so that two rows can be compared wherever they are; such a row is written from pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

from cdc.fields import (
    as_value,
    has_text,
    holds_large,
    image_field,
    is_binary,
    is_large,
    large_size,
    octets,
    row_text,
    short_text,
    weight,
)
from cdc.shape import Column
from cdc.unique_checks import UniqueChecks
from triggers.identifiers import Composed, fragment, identifier, joined, number
from triggers.statements import render


class RowStatements(UniqueChecks):
    """Statements that find, read, compare and write one row, or some."""

    @cached_property
    def fits(self) -> Composed:
        """Whether a row of the target can have a text at all; no image is equal to one that cannot."""
        return has_text(weight(self._own_values(self.common)))

    @property
    def shown(self) -> dict[str, Composed]:
        """Texts of a row of the target: of all columns, and of those that are compared."""
        every = self.shape.columns
        return {
            "target_row": row_text(self._parts["target_row"], self._own_values(every)),
            "current": row_text(self._parts["current"], self._own_values(self.common)),
        }

    @property
    def _short(self) -> Composed:
        """Whether large values are left out of the text of a row of the target."""
        return is_large(weight(self._own_values(self.shape.columns)))

    def _own_values(self, columns: Collection[Column]) -> Iterator[tuple[Composed, Column]]:
        for column in columns:
            yield fragment("t.{c}", c=identifier(column.name)), column

    @cached_property
    def examine(self) -> str:
        """Lock and compare the rows behind some keys."""
        wanted = ("image", "key_of_item", "match", "table", "current", "before", "after")
        shown = self.shown["target_row"]
        return self._render("examine", wanted, target_row=shown, fits=self.fits, short=self._short)

    @cached_property
    def key_names(self) -> str:
        """The entity ids of images."""
        return self._render("key_names", ("image", "key_of_after", "entity_id"))

    @cached_property
    def key_name(self) -> str:
        """The entity id of a key's texts."""
        return self._render("key_name", ("key_of_texts", "entity_id"))

    @cached_property
    def row_delete(self) -> str:
        """Remove a row whatever it holds."""
        return self._render("row_delete", ("image", "key_of_after", "match", "table"))

    @cached_property
    def row_update(self) -> str:
        """Overwrite a row whatever it holds."""
        return self._render("row_update", ("image", "key_of_after", "match", "table", "settings", "settable"))

    @cached_property
    def row_insert(self) -> str:
        """Insert a row, raising what stands in the way."""
        return self._render("row_insert", ("image", "table", "columns", "values"))

    @cached_property
    def rows_read(self) -> str:
        """Read rows by images with their keys."""
        return self._render("rows_read", ("image", "key_of_after", "match", "table"), **self.shown)

    @cached_property
    def rows_short(self) -> str:
        """The same with every large value shortened, and only the columns that are compared."""
        return self._render(
            "rows_read",
            ("image", "key_of_after", "match", "table"),
            target_row=fragment("NULL::text"),
            current=short_text(self._own_values(self.common)),
        )

    @cached_property
    def row_hold(self) -> str:
        """Lock a row by its key's texts, waiting for nobody."""
        return self._render("row_hold", ("key_of_texts", "match", "table"))

    @cached_property
    def rows_touched(self) -> str:
        """Ask which rows were written here since a snapshot."""
        wanted = ("image", "key_of_after", "same_keys")
        return self._render("rows_touched", wanted, key_image=self.key_image, key_of_key=self._key_of_key)

    @property
    def _key_of_key(self) -> Composed:
        """The key of an image that holds nothing else."""
        return joined(
            fragment(
                "{v} AS {k}",
                v=as_value(
                    fragment("(x.after).{f}", f=identifier(image_field(place))), self.shape.column(name)
                ),
                k=key,
            )
            for place, (name, key) in enumerate(zip(self.key_columns, self._keys, strict=True))
        )

    @cached_property
    def rows_lock(self) -> str:
        """Lock and read rows by images with their keys."""
        wanted = ("image", "key_of_after", "match", "table")
        return self._render("rows_lock", wanted, short=self._short, **self.shown)

    # -- rows that come in pieces ----------------------------------------------------------------------

    @property
    def in_pieces(self) -> list[Column]:
        """The columns whose large values come in pieces, by their place."""
        return [column for column in self.common if holds_large(column)]

    @cached_property
    def row_rest(self) -> str:
        """Read a row without its large values, and how large these are."""
        fields = []
        for name in self.columns:
            value, column = fragment("t.{c}", c=identifier(name)), self.shape.column(name)
            if column is None:
                value = fragment("NULL")
            elif column in self.in_pieces:
                value = fragment("CASE WHEN {large} IS NULL THEN {v} END", large=large_size(value), v=value)
            fields.append(value)
        return self._render(
            "row_rest",
            ("key_of_texts", "match", "table"),
            fields=joined(fields),
            sizes=joined(
                large_size(fragment("t.{c}", c=identifier(column.name))) for column in self.in_pieces
            )
            or fragment(""),
        )

    def row_piece(self, column: Column) -> str:
        """Read a piece of a large value."""
        value = octets(fragment("t.{c}", c=identifier(column.name)), column)
        return self._render("row_piece", ("key_of_texts", "match", "table"), value=value)

    def row_given(self, large: Collection[str], *, present: bool) -> str:
        """Insert or overwrite a row whose large values, those of these columns, lie beside it in pieces."""
        if not large:
            return self.row_update if present else self.row_insert
        values = {column.name: self._given(column, large) for column in self.common}
        settable = [column for column in self.common if not column.identity_always]
        parts = {name: self._parts[name] for name in ("image", "table")}
        if not present:
            return render(
                "row_insert", "cdc", **parts, columns=self._parts["columns"], values=joined(values.values())
            )
        return render(
            "row_update",
            "cdc",
            **parts,
            key_of_after=self._parts["key_of_after"],
            match=self._parts["match"],
            settings=joined(
                fragment("{c} = {v}", c=identifier(column.name), v=values[column.name])
                if column.name in large
                else self._setting(column)
                for column in settable
            ),
            settable=self._parts["settable"],
        )

    def piece_join(self, column: Column) -> str:
        """Put a large value of a column together from its pieces."""
        whole = fragment("string_agg(p.data, ''::bytea ORDER BY p.part)")
        words = fragment("convert_from({v}, 'UTF8')", v=whole)
        none = fragment("NULL")
        return render(
            "piece_join",
            "cdc",
            place=number(self._piece_place(column)),
            bytes=whole if is_binary(column) else none,
            words=none if is_binary(column) else words,
        )

    def _given(self, column: Column, large: Collection[str]) -> Composed:
        if column.name not in large:
            return self.field("n.after", column.name)
        return fragment(
            "(SELECT w.{value} FROM pg_temp.cdc_whole w WHERE w.place = {place})",
            value=fragment("bytes") if is_binary(column) else fragment("words"),
            place=number(self._piece_place(column)),
        )

    def _piece_place(self, column: Column) -> int:
        return [each.name for each in self.in_pieces].index(column.name)
