"""Locks rows for an applying transaction without waiting for anybody; see cdc.patience."""

from __future__ import annotations

import asyncpg

from cdc.faults import Blame, judge
from cdc.mapping import Mapping
from cdc.patience import GrownOld
from cdc.target import Target
from cdc.undone import NetChange
from cdc.workset import Part


async def lock_rows(target: Target, mapping: Mapping, part: Part, *, live: bool = False) -> list[NetChange]:
    """Lock the rows that a part will write to, inside the open transaction, waiting for nobody.

    Args:
        target: where they are.
        mapping: the table's mapping; of a table without a key nothing is locked.
        part: the changes.
        live: rows of live entries too, which a batch leaves alone.

    Returns:
        The net changes of rows that somebody else holds.
    """
    if not mapping.key_columns:
        return []
    sql = mapping.lock_keys(part.batch)
    rows = await target.connection.fetch(sql, *part.arguments(), str(mapping.entity), live)
    return [NetChange(row["entity_id"], row["before"], row["after"]) for row in rows]


def contended(error: Exception) -> bool:
    """Whether somebody stood in the way, or might have: the transaction is begun anew, carefully."""
    if isinstance(error, GrownOld | asyncpg.QueryCanceledError):
        return True
    return isinstance(error, asyncpg.PostgresError) and judge(error.sqlstate).blame is Blame.LOCK
