"""What hangs together among changes, and among entries that were refused. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Final, TypeVar

from cdc.change import Change
from cdc.model import Entity, Op
from cdc.shape import Shapes

K = TypeVar("K")
PATIENCE: Final = 8
"""Tries after which an entry is shown, though what is in its way is put off itself."""


class Behind(Enum):
    """What an entry that was refused waits for, if anything."""

    NOTHING = auto()
    PUT_OFF = auto()
    """Others that are put off."""
    HELD = auto()
    """Others that a transaction holds, or that have moved just now: nobody refuses them."""


def unrelated(
    changes: Sequence[Change], entities: Mapping[int, Entity | None], shapes: Shapes
) -> list[list[Change]]:
    """Part changes by tables, so that what one table refuses does not hold what has nothing to do with it.

    Tables stay together where foreign keys of the target lead from one to another. With a TRUNCATE among them, which
    may be of several tables, all of them do.

    Args:
        changes: in the changelog's order, which each part keeps.
        entities: the tables behind the changes' numbers.
        shapes: the target's tables.
    """
    if any(change.op is Op.TRUNCATE for change in changes):
        return [list(changes)]
    tables = {change.table_id: entities[change.table_id] for change in changes}
    pairs = [
        (number, other)
        for number, entity in tables.items()
        if entity is not None and (shape := shapes.get(entity)) is not None
        for other, parent in tables.items()
        if any(key.parent == parent for key in shape.outgoing)
    ]
    group = {number: place for place, numbers in enumerate(_joined(tables, pairs)) for number in numbers}
    found: dict[int, list[Change]] = {}
    for change in changes:
        found.setdefault(group[change.table_id], []).append(change)
    return list(found.values())


def touching(keys: Sequence[Collection[str]], place: int) -> list[int]:
    """Places of the changes that belong to the row of the one at `place`, given the keys that each touches.

    A change that moves a row from one key to another belongs to the rows of both.
    """
    touched: dict[str, list[int]] = {}
    for at, names in enumerate(keys):
        for name in names:
            touched.setdefault(name, []).append(at)
    found, left = {place}, [place]
    while left:
        more = {at for name in keys[left.pop()] for at in touched.pop(name, ())} - found
        found |= more
        left += more
    return sorted(found)


def knots(waits: Mapping[K, Collection[K]]) -> list[list[K]]:
    """Groups of refused entries that have nothing but one another in their way.

    Each may succeed with its whole group, as values that are shifted by one do. An entry with nothing in its way any
    more is a group of its own.

    Args:
        waits: of every refused entry what stands in its way.
    """
    waiting: dict[K, list[K]] = {}
    for key, others in waits.items():
        for other in others:
            waiting.setdefault(other, []).append(key)
    left, outside = dict(waits), [other for other in waiting if other not in waits]
    while outside:
        found = [key for key in waiting.get(outside.pop(), ()) if key in left]
        outside += found
        for key in found:
            left.pop(key, None)
    return _joined(left, ((key, other) for key, others in left.items() for other in others))


def behind(waits: Mapping[K, Collection[K]], goals: Collection[K]) -> set[K]:
    """Refused entries that wait for one of the goals, or for an entry that does."""
    waiting: dict[K, list[K]] = {}
    for key, others in waits.items():
        for other in others:
            waiting.setdefault(other, []).append(key)
    found, left = set[K](), list(goals)
    while left:
        more = [key for key in waiting.get(left.pop(), ()) if key not in found]
        found.update(more)
        left += more
    return found


def standing(
    waits: Mapping[K, Collection[K]], put_off: Collection[K], held: Collection[K]
) -> dict[K, Behind]:
    """What each refused entry waits for.

    Args:
        waits: of every refused entry what stands in its way.
        put_off: entries that are put off, whatever for.
        held: those among them that nobody refuses.
    """
    later, longer = behind(waits, put_off), behind(waits, held)
    return {
        key: Behind.HELD if key in longer else Behind.PUT_OFF if key in later else Behind.NOTHING
        for key in waits
    }


def is_shown(tries: int, waits_for: Behind) -> bool:
    """Whether an entry that was refused becomes a conflict.

    A transaction may last for ever, and what waits for it as long is no conflict; it ends by itself. Whatever else
    is put off has some tries.
    """
    return waits_for is Behind.NOTHING or (waits_for is Behind.PUT_OFF and tries >= PATIENCE)


def _joined(keys: Iterable[K], pairs: Iterable[tuple[K, K]]) -> list[list[K]]:
    """The keys in groups that pairs join, in the order of their first keys."""
    group = {key: [key] for key in keys}
    for one, other in pairs:
        mine, theirs = group[one], group[other]
        if mine is not theirs:
            mine, theirs = (mine, theirs) if len(mine) >= len(theirs) else (theirs, mine)
            mine += theirs
            group.update(dict.fromkeys(theirs, mine))
    return list({id(each): each for each in group.values()}.values())
