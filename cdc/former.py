"""What tables looked like when both sides last agreed: changes of then bear the names of then."""

from __future__ import annotations

import json

from cdc.definition import Definitions
from cdc.names import Former
from cdc.session import Connection
from triggers.statements import statement


async def read_former(main: Connection) -> Former | None:
    """Read what was noted on MAIN, where definitions are kept; None where nothing has been noted yet."""
    rows = await main.fetch(statement("definition_read", "cdc"))
    if not any(row["entity"] == "" for row in rows):
        return None
    return {row["entity"]: Definitions.parse(row["known"]) for row in rows if row["entity"]}


async def read_half(backup: Connection) -> dict[str, str]:
    """Names under which BACKUP keeps what it keeps of tables, while MAIN has their former ones; by oids on MAIN."""
    found: dict[str, str] = json.loads(await backup.fetchval(statement("names_half", "cdc")) or "{}")
    return found
