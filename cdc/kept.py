"""Images that are kept of rows whose columns have other names by now. Pure.

Entries name columns as they were called when both sides last agreed, or as they are called since. When it is noted
that they agree on new names, all entries are given these, so that no name of before means another column later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cdc.definition import Definition
from cdc.errors import NameMoved
from cdc.model import Entity, Side
from cdc.names import Former, origin_of, renamed_columns
from cdc.shape import Shapes, TableShape

FOLLOWING: Final = "its columns were renamed; it goes on once all that is kept of its rows has the new names"


def check_followed(former: Former, entity: Entity, sides: Mapping[Side, Shapes]) -> None:
    """Refuse a table of which columns were renamed, while what is kept of its rows has their former names.

    Raises:
        NameMoved: saying so.
    """
    if not is_followed(former, entity, sides):
        hint = "try again once the service has looked at it, in some seconds"
        raise NameMoved(f"{entity}: {FOLLOWING}", entity=str(entity), hint=hint)


def is_followed(former: Former, entity: Entity, sides: Mapping[Side, Shapes]) -> bool:
    """Whether what is kept of a table's rows names its columns as they are called now."""
    for side, shapes in sides.items():
        shape = shapes.get(entity)
        origin = origin_of(former, side, entity, shape) if shape is not None else None
        if shape is not None and origin is not None and renamed_columns(former[origin].sides[side], shape):
            return False
    return True


def kept_names(before: Definition, now: TableShape, names: Sequence[str]) -> list[tuple[str, int]]:
    """What becomes of an image's columns: those that there are still, as they are called and in their order by now.

    Args:
        before: the image's table when both sides last agreed.
        now: the same by now.
        names: the image's columns, named as they were at either time; some of then may not have been there yet.

    Returns:
        Pairs of a name and its place in the image, from 1.
    """
    order = [column.name for column in now.columns]
    # A table that was made anew is taken by its names, as everywhere.
    renamed, gone = {}, set[str]()
    if before.relid in {0, now.relid}:
        renamed = renamed_columns(before, now)
        gone = moved_names(before, now) - renamed.keys()
        # What an image of then has under the name of a column that was added since was computed.
        numbers = before.numbers
        gone |= {
            each.name for each in now.columns if numbers and each.number not in numbers
        } - before.fields.keys()
    known = [name for name in names if name in order or name in before.fields]
    former = [name for name in before.fields if name in known]
    of_now = known == order or former != [name for name in known if name in before.fields]
    found = {
        name if of_now else renamed.get(name, name): place
        for place, name in enumerate(names, 1)
        if of_now or name not in gone
    }
    return [(name, found[name]) for name in order if name in found]


def moved_names(before: Definition, now: TableShape) -> set[str]:
    """Names of before that are not the same columns' by now: none is, where the table was made anew."""
    if before.relid not in {0, now.relid}:
        return {*before.fields}
    names = {column.number: column.name for column in now.columns}
    return {name for name, field in before.fields.items() if names.get(field.number) != name}
