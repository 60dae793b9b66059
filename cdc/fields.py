"""Fields of images, and texts as values of columns, in SQL. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cdc.shape import Column
from triggers.identifiers import Composed, fragment, joined, number


def as_value(text: Composed, column: Column | None) -> Composed:
    """A text as a value of a column's type; as it is where there is no column.

    Where text has a cast function to the type ('-'::regclass is a value, '-'::text::regclass is an error) the text
    is read as the one element of an array, which always goes by the type's input function.
    """
    if column is None:
        return fragment("{text}::text", text=text)
    if not column.converts:
        return fragment("{text}::{type}", text=text, type=column.base_type)
    return fragment(
        r"""((E'{"' || replace(replace({text}, E'\\', E'\\\\'), '"', E'\\"') || '"}')::{type}[])[1]""",
        text=text,
        type=column.base_type,
    )


def image_field(place: int) -> str:
    """The name of an image's field by its place, from 0."""
    return f"f{place}"


LARGE_VALUE: Final = 1_000_000
"""Bytes of a value from which on it may be shown by its digest, and travels in pieces."""
LARGE_ROW: Final = 500_000_000
"""Bytes of a row's text from which on its large values are shown by their digests."""
NO_TEXT: Final = 1_000_000_000
"""Bytes of a row's text from which on PostgreSQL does not make it."""
_BYTES: Final = "bytea"
_TEXTS: Final = frozenset({"text", "character varying"})


def holds_large(column: Column) -> bool:
    """Whether a column is of a type whose values PostgreSQL measures without unpacking them, and cuts.

    Bytes that are stored uncompressed are cut where they lie. A text is converted as a whole for each piece, since
    its characters differ in length: its time grows with the square of its size, its memory is that of one value.
    """
    return _plain(column) == _BYTES or _plain(column) in _TEXTS


def is_binary(column: Column) -> bool:
    """Whether a column's values are bytes, which are printed with two characters each."""
    return _plain(column) == _BYTES


def octets(value: Composed, column: Column) -> Composed:
    """The value of a column that `holds_large` as bytes, which are the same whatever the database's encoding."""
    if is_binary(column):
        return fragment("{v}::bytea", v=value)
    return fragment("convert_to({v}::text, 'UTF8')", v=value)


def weight(values: Iterable[tuple[Composed, Column]]) -> Composed | None:
    """How many bytes the text of a row has at least; None where it has no columns that hold large values."""
    terms = [
        fragment("{times} * coalesce(octet_length({v}), 0)::bigint", times=number(1 + is_binary(c)), v=value)
        for value, c in values
        if holds_large(c)
    ]
    return joined(terms, " + ") if terms else None


def large_size(value: Composed) -> Composed:
    """How many bytes a value has that is large; null for others."""
    return fragment(
        "CASE WHEN octet_length({v}) >= {least} THEN octet_length({v}) END",
        v=value,
        least=number(LARGE_VALUE),
    )


def is_large(size: Composed | None) -> Composed:
    """Whether a row of that weight is shown without its large values."""
    return fragment("false") if size is None else fragment("{s} >= {n}", s=size, n=number(LARGE_ROW))


def has_text(size: Composed | None) -> Composed:
    """Whether a row of that weight can have a text at all."""
    return fragment("true") if size is None else fragment("{s} < {n}", s=size, n=number(NO_TEXT))


def shown(value: Composed, column: Column) -> Composed:
    """A value as it is shown of a row that is too large: by length and digest where it is large itself."""
    if not holds_large(column):
        return value
    return fragment(
        "CASE WHEN octet_length({v}) < {most} THEN {v}::text ELSE "
        "format('<%s bytes, SHA-256 %s>', octet_length({v}), encode(sha256({octets}), 'hex')) END",
        v=value,
        most=number(LARGE_VALUE),
        octets=octets(value, column),
    )


def row_text(whole: Composed, values: Iterable[tuple[Composed, Column]]) -> Composed:
    """The text of a row, shortened where it would be too large. It has as many fields either way.

    Args:
        whole: the row.
        values: its fields with their columns.
    """
    pairs = list(values)
    size = weight(pairs)
    if size is None:
        return fragment("{row}::text", row=whole)
    return fragment(
        "CASE WHEN {large} THEN {short} ELSE {row}::text END",
        large=is_large(size),
        row=whole,
        short=short_text(pairs),
    )


def short_text(values: Iterable[tuple[Composed, Column]]) -> Composed:
    """The text of a row in which every large value is shortened."""
    return fragment("ROW({fields})::text", fields=joined(shown(value, column) for value, column in values))


def _plain(column: Column) -> str:
    return column.base_type.rpartition(".")[2]
