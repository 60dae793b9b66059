"""Tables that bear another name than when both sides last agreed, while things are kept under that one.

Put-off changes, conflicts and keys to be compared are kept by their table's name. They are about that table still
when it is renamed, and about no other one that was given its name since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cdc.model import Side
from cdc.names import Former
from cdc.shape import Shapes

ASTRAY: Final = "its table was renamed; it goes on once both sides have the new name"


def astray(former: Former, name: str, sides: Mapping[Side, Shapes]) -> bool:
    """Whether what is kept under a name is about a table that is called something else by now, on either side."""
    noted = former.get(name)
    return noted is not None and any(
        shape.relid == noted.sides[side].relid and str(entity) != name
        for side, shapes in sides.items()
        for entity, shape in shapes.items()
    )
