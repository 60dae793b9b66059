"""Whether a table's changes fit the target without losing a value. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from cdc.change import Change
from cdc.definition import Definition
from cdc.errors import SchemaMismatch
from cdc.images import parse_row
from cdc.mapping import Mapping
from cdc.rounding import rounds
from cdc.shape import TableShape


def check_fit(
    mapping: Mapping, source: TableShape | None, former: Definition | None, changes: Iterable[Change]
) -> None:
    """Refuse changes that the target would hold only in part: the table waits, the others go on.

    Args:
        mapping: how the changes become rows of the target.
        source: the table as the source has it now; None when it was dropped there.
        former: the same when both sides last agreed.
        changes: changes with the mapping's columns.

    Raises:
        SchemaMismatch: a column would round silently, or is missing and a change has or takes a value of it.
    """
    check_types(mapping, source, former)
    # What the source does not have any more either was dropped there: nobody needs its values.
    missing = [name for name in mapping.missing if source is not None and source.column(name) is not None]
    places = [mapping.columns.index(name) for name in missing]
    if not places:
        return
    for change in changes:
        if change.new is None:
            continue
        # A value that became NULL is lost too: its column may be on the target, under the name of before.
        images = [parse_row(image) for image in (change.old, change.new) if image is not None]
        lost = [mapping.columns[place] for place in places if any(row[place] is not None for row in images)]
        if lost:
            raise SchemaMismatch(
                f"{mapping.entity}: the target has no column {', '.join(lost)}",
                entity=str(mapping.entity),
                hint="add it there as it is on the other side; the table goes on by itself",
            )


def check_types(mapping: Mapping, source: TableShape | None, former: Definition | None) -> None:
    """Refuse a target column that would change the source's values without raising, or that is still to follow.

    A source that was retyped so that its values became others has rows that the target's cannot equal.

    Raises:
        SchemaMismatch: naming the column and both types.
    """
    for column in mapping.common:
        origin = source.column(column.name) if source else None
        if origin is None or origin.full_type == column.full_type:
            continue
        was = former.numbered(origin.number) if former else None
        if was is not None and rounds(was.type, origin.full_type):
            raise SchemaMismatch(
                f"{mapping.entity}: column {column.name} was retyped at the source from {was.type} to "
                f"{origin.full_type}, which may have changed its values, and is {column.full_type} on the target",
                entity=str(mapping.entity),
                hint="retype it on the other side too; the table goes on by itself",
            )
        if rounds(origin.full_type, column.full_type):
            raise SchemaMismatch(
                f"{mapping.entity}: column {column.name} is {origin.full_type} at the source and {column.full_type} "
                "on the target, which would round or cut its values without a word",
                entity=str(mapping.entity),
                hint="give both sides the same type; the table goes on by itself",
            )
