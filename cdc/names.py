"""Names that are used again: columns, or tables, that were renamed to what another one was called. Pure.

The two sides are matched by names, and captured changes bear those of their time. Where a name has gone to another
column or table on one side only, it stands for different things, so the table waits until the other side follows.
Numbers tell what is what: a column's stays through a rename, and so does a table's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from cdc.definition import Definition, Definitions
from cdc.errors import NameMoved
from cdc.model import Entity, Side
from cdc.shape import Shapes, TableShape

Former = dict[str, Definitions]
"""What tables looked like when both sides last agreed, by table in the contract's form."""

_HINT: Final = "rename it the same way on the other side; the table goes on by itself"


def check_names(former: Former, entity: Entity, sides: Mapping[Side, Shapes]) -> None:
    """Refuse a table of which a name stands for one thing on one side and for another, or nothing, on the other.

    Raises:
        NameMoved: naming it.
    """
    why = moved(former, entity, sides)
    if why is not None:
        raise NameMoved(f"{entity}: {why}", entity=str(entity), hint=_HINT)


def moved(former: Former, entity: Entity, sides: Mapping[Side, Shapes]) -> str | None:
    """Why a name stands for one thing on one side and for another, or nothing, on the other; None where none does.

    What was not there when the two sides last agreed is taken by its name: a table or column that was made anew on
    one side, with another type perhaps, replaces the one it was made for, unless that one is still there.
    """
    shapes = {side: found[entity] for side, found in sides.items() if entity in found}
    if len(shapes) < len(Side):
        return None
    main, backup = (origin_of(former, side, entity, shapes[side]) for side in Side)
    if main is None or backup is None:
        side, was = (Side.MAIN, backup) if main is None else (Side.BACKUP, main)
        left = _named_now(former[was].sides[side], sides[side]) if was is not None else None
        if left is None:
            return None
        return f"the name has gone to another table on one side only: what was {was} is {left} on {side}"
    if main != backup:
        return f"the name has gone to another table on one side only: it was {main} on MAIN and {backup} on BACKUP"
    return _moved_column(former[main], shapes)


def _moved_column(before: Definitions, shapes: Mapping[Side, TableShape]) -> str | None:
    """Why a column that both sides had is not called the same on both any more; None where all are."""
    names = {side: {column.number: column.name for column in shapes[side].columns} for side in Side}
    for name in sorted(before.common):
        here, there = (names[side].get(before.sides[side].fields[name].number) for side in Side)
        if here is None or there is None or here == there:
            continue
        now = f"what was {name} is {here} on MAIN and {there} on BACKUP"
        if here in names[Side.BACKUP].values() or there in names[Side.MAIN].values():
            return f"a name has gone to another column on one side only: {now}"
        # Rows would be inserted, compared and decided on without it, and where it is renamed back, stay so unseen.
        return f"a column has been renamed on one side only: {now}"
    return None


def origins(former: Former, side: Side, shapes: Shapes) -> dict[Entity, Definition]:
    """What the tables of a side looked like when both sides last agreed, by what they are called now."""
    numbered = {each.sides[side].relid: each.sides[side] for each in former.values()}
    found = {}
    for entity, shape in shapes.items():
        named = former.get(str(entity))
        before = numbered.get(shape.relid)
        if named is not None and named.sides[side].relid in {0, shape.relid}:
            before = named.sides[side]
        if before is not None:
            found[entity] = before
    return found


def stale(former: Former, sides: Iterable[Shapes]) -> set[str]:
    """What was noted under names that no side has any more, of tables that were noted under another one since."""
    present = {str(entity) for shapes in sides for entity in shapes}
    relids = {former[name].sides[Side.MAIN].relid for name in former.keys() & present}
    return {name for name in former.keys() - present if former[name].sides[Side.MAIN].relid in relids}


def change_names(
    before: Definition | None, now: TableShape | None, target: TableShape, columns: tuple[str, ...]
) -> tuple[str, ...]:
    """What the columns of a change are called now on the target, as far as that can be told.

    Args:
        before: the source's table when both sides last agreed.
        now: the source's table; None when it was dropped there.
        target: the target's.
        columns: those of the change, in their order.
    """
    if before is None or now is None:
        return columns
    placed = _by_place(before, now, columns)
    if placed is not None:
        # A column that is still to be renamed on the target has the name of before there, unless that is another's.
        pairs = zip(columns, placed, strict=True)
        return tuple(
            new if target.column(new) or old in placed or not target.column(old) else old
            for old, new in pairs
        )
    renamed = renamed_columns(before, now)
    return tuple(
        renamed[name]
        if name in renamed and renamed[name] not in columns and target.column(name) is None
        else name
        for name in columns
    )


def key_names(
    before: Definition | None, now: TableShape | None, names: tuple[str, ...], key: tuple[str, ...]
) -> tuple[str, ...]:
    """What the columns of a key are called, as it was captured, among the `names` of a change."""
    renamed = renamed_columns(before, now)
    return tuple(name if name in names else renamed.get(name, name) for name in key)


def _by_place(before: Definition, now: TableShape, columns: tuple[str, ...]) -> tuple[str, ...] | None:
    """What the columns of a change are called by now, by their places; None where places do not tell.

    A row has its columns in the order of their numbers, whatever they are called. While none is dropped, a change of
    any time has the first so many of those that there are now; else one of before is known by its names.
    A partition may have its columns in an order of its own, and one that is attached to a table without a file of
    its own is not noticed at once: there, places are asked only where names were given to other columns.
    """
    if not (before.ordered and now.ordered and (now.storage or renamed_columns(before, now))):
        return None
    present = {column.number: column.name for column in sorted(now.columns, key=lambda each: each.number)}
    names, were = tuple(present.values()), before.numbers
    if columns == names:
        return names
    last = max(were, default=0)
    added = [number for number in present if number > last]
    if present.keys() >= {*were} and added == [*range(last + 1, last + 1 + len(added))]:
        return names[: len(columns)] if were and len(were) <= len(columns) <= len(names) else None
    numbers = _numbers(before, columns, present)
    if numbers is None and columns == names[: len(columns)]:
        return columns
    if (
        numbers is None
        and not added
        and len(columns) == len(were)
        and _is_exchanged(before, columns, present)
    ):
        numbers = [*were]
    if numbers is None:
        return None
    left = {present[number] for number in numbers if number in present}
    return tuple(
        present.get(number, f"{name} (dropped)" if name in left else name)
        for number, name in zip(numbers, columns, strict=True)
    )


def _numbers(before: Definition, columns: tuple[str, ...], present: Collection[int]) -> list[int] | None:
    """Those of a change's columns, when it has the names of before; None where it does not.

    It may have been made after some were dropped, but it has all that are `present` still.
    """
    former = {field.number: name for name, field in before.fields.items()}
    numbers: list[int] = []
    for number in before.numbers:
        name = columns[len(numbers)] if len(numbers) < len(columns) else None
        # Of a computed column it is not known what it was called.
        if name is not None and former.get(number, None if name in before.fields else name) == name:
            numbers.append(number)
        elif number in present:
            return None
    return numbers if len(numbers) == len(columns) else None


def _is_exchanged(before: Definition, columns: tuple[str, ...], present: Collection[int]) -> bool:
    """Whether columns that there are still had exchanged their names before a change, whatever they did since."""
    numbers = [before.fields[name].number for name in columns if name in before.fields]
    stayed = [number for number in numbers if number in present]
    return stayed != sorted(stayed)


def renamed_columns(before: Definition | None, now: TableShape | None) -> dict[str, str]:
    """Columns that bear another name than when the two sides last agreed, by the name of then."""
    if before is None or now is None:
        return {}
    names = {column.number: column.name for column in now.columns}
    return {
        name: names[old.number] for name, old in before.fields.items() if names.get(old.number, name) != name
    }


def _named_now(before: Definition, shapes: Shapes) -> Entity | None:
    """What a side's table is called by now; None where it was dropped."""
    return next((entity for entity, shape in shapes.items() if shape.relid == before.relid), None)


def origin_of(former: Former, side: Side, entity: Entity, shape: TableShape) -> str | None:
    """What a side's table was called when both sides last agreed; None where it was not there."""
    named = former.get(str(entity))
    if named is not None and named.sides[side].relid == shape.relid:
        return str(entity)
    return next((name for name, each in former.items() if each.sides[side].relid == shape.relid), None)
