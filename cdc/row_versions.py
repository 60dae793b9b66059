"""Versions of rows that are about to be overwritten, or that nobody has decided between, kept for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from cdc.difference import Difference
from cdc.images import row_name, to_image
from cdc.model import ConflictStatus, ConflictType, Side
from cdc.records import dump
from cdc.session import Connection
from triggers.statements import statement

BATCH: Final = 500
_TYPES: Final = {
    "b": ConflictType.INSERT_EXISTS,
    "h": ConflictType.DELETE_ORIGIN_DIFFERS,
    "o": ConflictType.INSERT_EXISTS,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is written down with the versions: whose row came, and whether it is settled, by whom and why."""

    source: Side
    status: ConflictStatus
    resolution: Side | None
    by: str | None
    reason: str


async def keep_versions(connection: Connection, difference: Difference, kinds: str, verdict: Verdict) -> int:
    """Keep both versions of each differing row in cdc.sync_state, in batches.

    Args:
        connection: the side whose list, rows and staged rows they are, inside the transaction that writes.
        difference: the table.
        kinds: which rows: `h` only here, `o` only on the other side, `b` both.
        verdict: what is written down with them.

    Returns:
        How many were kept.
    """
    kept = 0
    batch: list[asyncpg.Record] = []
    async for row in connection.cursor(difference.sql("_versions"), prefetch=BATCH):
        if row["kind"] in kinds:
            batch.append(row)
        if len(batch) == BATCH:
            kept += await _keep(connection, difference, batch, verdict)
            batch = []
    return kept + await _keep(connection, difference, batch, verdict)


async def _keep(
    connection: Connection, difference: Difference, batch: Sequence[asyncpg.Record], verdict: Verdict
) -> int:
    columns = difference.pair.columns
    if batch:
        await connection.execute(
            statement("reconcile_record", "cdc"),
            verdict.source,
            str(difference.pair.entity),
            verdict.status,
            verdict.resolution,
            verdict.by,
            verdict.reason,
            [row["entity_id"] if difference.keyed else row_name(row["entity_id"]) for row in batch],
            [_TYPES[row["kind"]] for row in batch],
            [dump(to_image(columns, row["incoming"])) for row in batch],
            [dump(to_image(columns, row["current"])) for row in batch],
        )
    return len(batch)
