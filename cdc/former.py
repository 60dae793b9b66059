"""What a source's tables looked like when both sides last agreed: changes of then bear the names of then."""

from __future__ import annotations

from cdc.definition import Definition, Definitions
from cdc.model import Side
from cdc.session import Connection
from triggers.statements import statement

Former = dict[str, Definition]
"""By table, in the contract's form."""


async def read_former(main: Connection, source: Side) -> Former:
    """Read what was noted of a source's tables.

    Args:
        main: MAIN, where definitions are kept.
        source: whose tables.
    """
    rows = await main.fetch(statement("definition_read", "cdc"))
    return {row["entity"]: Definitions.parse(row["known"]).sides[source] for row in rows if row["entity"]}
