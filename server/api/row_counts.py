"""How many rows the tables have: counted where that is quick, estimated where it is not, and not too often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, TypeAlias

import asyncpg

from cdc.model import Side
from cdc.session import Connection
from server.api.pools import Pools
from triggers.identifiers import fragment, joined, qualified
from triggers.statements import render, statement

FRESH_SECONDS: Final = 5.0
COUNTED_BYTES: Final = 32 * 1024 * 1024
"""Size up to which a table's rows are counted."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""Size of all tables that are counted at a time."""
AT_ONCE: Final = 50

Table: TypeAlias = tuple[str, str]
"""Schema and name."""


class RowCounts:
    """Counts the rows of both sides' tables; one look serves all who ask within a few seconds."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        self._turn = {side: asyncio.Lock() for side in Side}
        self._known: dict[Side, tuple[float, tuple[Table, ...], dict[Table, int]]] = {}

    async def of(self, side: Side, tables: Sequence[Table]) -> dict[Table, int]:
        """Give the rows of those tables that are there.

        Raises:
            ConnectivityError: the side is away.
        """
        async with self._turn[side]:
            known = self._known.get(side)
            if (
                known is not None
                and time.monotonic() - known[0] < FRESH_SECONDS
                and known[1] == tuple(tables)
            ):
                return known[2]
            async with self._pools.connection(side) as connection:
                counts = await _count(connection, tables)
            self._known[side] = (time.monotonic(), tuple(tables), counts)
            return counts


async def _count(connection: Connection, tables: Sequence[Table]) -> dict[Table, int]:
    names = [[table[part] for table in tables] for part in range(2)]
    rows = await connection.fetch(statement("table_sizes", "server"), *names)
    found = {(row["schema_name"], row["table_name"]): row["estimate"] or 0 for row in rows}
    counted, left = [], MOST_BYTES
    for row in sorted(rows, key=lambda row: int(row["bytes"])):
        left -= row["bytes"]
        if row["bytes"] <= COUNTED_BYTES and left >= 0:
            counted.append((row["schema_name"], row["table_name"]))
    for start in range(0, len(counted), AT_ONCE):
        chunk = counted[start : start + AT_ONCE]
        parts = [fragment("(SELECT count(*) FROM {table})", table=qualified(*table)) for table in chunk]
        try:
            counts = await connection.fetchval(render("count_rows", "server", counts=joined(parts)))
        except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
            continue  # a table went meanwhile, or may not be read: the estimates stand
        found |= dict(zip(chunk, counts, strict=True))
    return found
