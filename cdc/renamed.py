"""Tables that bear another name than when both sides last agreed, while things are kept under that one.

Put-off changes, conflicts and keys to be compared are kept by their table's name. They are about that table still
when it is renamed, and about no other one that was given its name since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cdc.errors import NameMoved
from cdc.model import Entity, Side
from cdc.names import Former
from cdc.shape import Shapes

ASTRAY: Final = "its table was renamed; it goes on once both sides have the new name"
GONE: Final = "its table is gone"
TURNING: Final = (
    "the name was another table's; it goes on once both sides have the new names, and all kept bears them"
)


def _names(sides: Mapping[Side, Shapes]) -> dict[Side, dict[int, str]]:
    return {
        side: {shape.relid: str(entity) for entity, shape in shapes.items()} for side, shapes in sides.items()
    }


def renamed(former: Former, sides: Mapping[Side, Shapes]) -> dict[str, str]:
    """New names of tables that have been renamed alike on both sides, by the names they were noted under."""
    now = _names(sides)
    found = {}
    for name, each in former.items():
        here, there = (now[side].get(each.sides[side].relid) for side in Side)
        if here is not None and here == there != name:
            found[name] = here
    return found


def moves(former: Former, new: Mapping[str, str], half: Mapping[str, str]) -> dict[str, str]:
    """What BACKUP is to keep under another name, by the name that it has it under.

    Args:
        former: what is noted on MAIN, where names change last.
        new: what is to be renamed there.
        half: names that BACKUP has been given without MAIN, by the tables' oids on MAIN.
    """
    found = {}
    for name, each in former.items():
        kept, wanted = half.get(str(each.sides[Side.MAIN].relid), name), new.get(name, name)
        if kept != wanted:
            found[kept] = wanted
    return found


def unsettled(former: Former, sides: Mapping[Side, Shapes], half: Mapping[str, str]) -> set[str]:
    """Names under which nothing is to be kept, nor tried again, for now: each has been another table's, or will be.

    Where both sides have made a table anew under the name, and renamed or dropped the one of before each in its own
    way, the new one is taken for it, as everywhere.

    Args:
        former: what is noted on MAIN.
        sides: the tables as they are.
        half: as for `moves`.
    """
    now = _names(sides)
    present = set.intersection(*({*names.values()} for names in now.values()))
    found: set[str] = set()
    for name, each in former.items():
        kept = half.get(str(each.sides[Side.MAIN].relid), name)
        here, there = (now[side].get(each.sides[side].relid) for side in Side)
        if here is not None and here == there != name:
            found |= {name, here}
        anew = name in present and name not in {here, there}
        if kept != name:
            found |= {name, kept}
        elif {here, there} - {name, None} and not anew:
            found.add(name)
    return found


def gone(former: Former, sides: Mapping[Side, Shapes]) -> set[str]:
    """Names of tables that neither side has any more among those that are synced, under any name."""
    now = _names(sides)
    present = set.union(*({*names.values()} for names in now.values()))
    return {
        name
        for name, each in former.items()
        if name not in present and not any(each.sides[side].relid in now[side] for side in Side)
    }


def check_settled(
    former: Former, entity: Entity, sides: Mapping[Side, Shapes], half: Mapping[str, str]
) -> None:
    """Refuse a table while what is kept under its name may be another one's.

    Raises:
        NameMoved: naming it.
    """
    if str(entity) in unsettled(former, sides, half):
        raise NameMoved(f"{entity}: {TURNING}", entity=str(entity), hint="try again in some seconds")
