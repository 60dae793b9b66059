"""SQL that names the parents which a refused child refers to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.fields import as_value
from cdc.shape import ForeignKey, TableShape
from triggers.identifiers import Composed, fragment, identifier, joined, number
from triggers.statements import render


def parent_name(key: ForeignKey, parent: TableShape, columns: Sequence[str]) -> str | None:
    """The entity id of a parent that goes by `columns`, from the texts that refer to it.

    Returns:
        None where a reference does not say which row it is: it may be to other unique columns, or to a period.
    """
    if key.period or sorted(columns) != sorted(key.parent_columns):
        return None
    places = [identifier(f"k{key.parent_columns.index(name)}") for name in columns]
    values = [
        fragment("{v} AS {k}", v=value, k=identifier(f"k{place}"))
        for place, value in enumerate(_texts(key, parent))
    ]
    return render("key_name", "cdc", entity_id=parent.name_of(columns, places), key_of_texts=joined(values))


def awaited(key: ForeignKey, parent: TableShape) -> str:
    """The look for rows that are put off and would be parents, whatever they go by."""
    found = [
        as_value(fragment("(e.incoming ->> ($2::text[])[{i}])", i=number(place)), parent.column(name))
        for place, name in enumerate(key.parent_columns, start=1)
    ]
    parts = zip(found, key.operators, _texts(key, parent), strict=True)
    match = joined((fragment("{a} {op} {b}", a=a, op=op, b=b) for a, op, b in parts), " AND ")
    return render("references_awaited", "cdc", match=match)


def _texts(key: ForeignKey, parent: TableShape) -> list[Composed]:
    """The texts of $1 as values of the columns that are referred to."""
    return [
        as_value(fragment("($1::text[])[{i}]", i=number(place)), parent.column(name))
        for place, name in enumerate(key.parent_columns, start=1)
    ]
