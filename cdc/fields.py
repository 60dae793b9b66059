"""Fields of images, and texts as values of columns, in SQL. Pure."""

from __future__ import annotations

from cdc.shape import Column
from triggers.identifiers import Composed, fragment


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
