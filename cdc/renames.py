"""What columns of a source were called when both sides last agreed: changes of then bear the names of then."""

from __future__ import annotations

from cdc.definition import Definitions, renamed
from cdc.model import Entity, Side
from cdc.session import Connection
from cdc.shape import Shapes
from triggers.statements import statement

Renames = dict[Entity, dict[str, str]]
"""By table, a column's present name by its former one."""


async def read_renames(main: Connection, source: Side, shapes: Shapes) -> Renames:
    """Compare the tables of a source with what was noted of them.

    Args:
        main: MAIN, where definitions are kept.
        source: whose tables.
        shapes: the tables as they are now.
    """
    rows = await main.fetch(statement("definition_read", "cdc"))
    known = {row["entity"]: row["known"] for row in rows}
    found: Renames = {}
    for entity, shape in shapes.items():
        text = known.get(str(entity))
        names = renamed(Definitions.parse(text).sides[source], shape) if text is not None else {}
        if names:
            found[entity] = names
    return found
