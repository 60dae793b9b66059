"""Locks rows for an applying transaction without waiting for anybody; see cdc.patience."""

from __future__ import annotations

from collections.abc import Sequence

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


async def held_parents(target: Target, mapping: Mapping, part: Part, others: Sequence[str] = ()) -> list[str]:
    """Lock the parents that a part's rows come to refer to, inside the open transaction, waiting for nobody.

    Whoever writes the rows locks them too, and would wait.

    Args:
        target: where they are.
        mapping: the table's mapping.
        part: the changes.
        others: entity ids of rows that come to refer to their parents though no change says so.

    Returns:
        The entity ids of rows whose parents somebody else holds.
    """
    found: set[str] = set()
    for key in mapping.checked(mapping.shape.outgoing, outgoing=True) if mapping.key_columns else ():
        rows = await target.connection.fetch(
            mapping.lock_parents(key, part.batch), *part.arguments(), list(others)
        )
        found.update(row["entity_id"] for row in rows)
    return sorted(found)


def contended(error: Exception) -> bool:
    """Whether somebody stood in the way, or might have: the transaction is begun anew, carefully."""
    if isinstance(error, GrownOld | asyncpg.QueryCanceledError):
        return True
    return isinstance(error, asyncpg.PostgresError) and judge(error.sqlstate).blame is Blame.LOCK
