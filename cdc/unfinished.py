"""Completes decisions that one side has and the other lacks, because somebody died between the two commits.

The side that committed first says so, with the other side's row as it was then. Where that row is still the same and
no application has written it since, it is given what the first side holds now. Where it is another one, the other
side has committed too, or an application has gone on from there: the links and the comparison of both rows tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import asyncpg

from cdc.cases import Cases, Table, lock_positions, on_their_way, open_cases, prepare_table
from cdc.deciding import settle_numbers
from cdc.decision import Case, Decision, wanted_rows
from cdc.errors import SchemaMismatch
from cdc.model import Resolution, Side
from cdc.reader import Reader
from cdc.rulings import Ruling
from cdc.settlement import close, write
from cdc.target import Target
from cdc.twin import Twin
from triggers.statements import statement

LIMIT: Final = 100


async def unfinished(target: Target) -> list[asyncpg.Record]:
    """Decisions that a side has and the other one may lack."""
    return await target.connection.fetch(statement("sync_state_unfinished", "cdc"), LIMIT)


async def finish(
    targets: Mapping[Side, Target], readers: Mapping[Side, Reader], side: Side, row: asyncpg.Record
) -> bool:
    """Complete a decision of `side`. Returns whether the other side was written to.

    Raises:
        PositionBusy: a link, or somebody who decides, works on this right now.
        ShapeMoved: the table has been altered.
    """
    try:
        table = await prepare_table(targets, readers, row["entity"])
    except (LookupError, SchemaMismatch):
        table = None  # the table is synced no longer: there is nothing to complete
    if table is None:
        await _done(targets[side], row)
        return False
    async with Twin({each: target.connection for each, target in targets.items()}) as twin:
        twin.first = side.other
        applied = await lock_positions(targets, table)
        cases = await open_cases(targets, table, [row["entity_id"]], applied, live=False)
        if cases.busy:
            return False
        written = await _write(targets, table, cases, side, row)
        await _done(targets[side], row)
        await settle_numbers(readers)
    return written


async def _write(
    targets: Mapping[Side, Target], table: Table, cases: Cases, side: Side, row: asyncpg.Record
) -> bool:
    case = cases.found[0]
    if case.entity_id in cases.same or not await _is_as_it_was(targets, table, case, side, row):
        return False
    resolution = Resolution(row["resolution"])
    decision = Decision(row["entity"], case.entity_id, resolution, row["resolved_by"], reason=row["reason"])
    rows = wanted_rows(case, table.columns, side, {})
    ruled = Ruling(case, decision, resolution, rows, frozenset({side.other}))
    done, _ = await write(targets, table, [ruled])
    # What the other side refuses stays different, and is found so when both rows are compared.
    await close(targets, table, cases, done, side.other, sides=[side.other])
    return bool(done)


async def _is_as_it_was(
    targets: Mapping[Side, Target], table: Table, case: Case, side: Side, row: asyncpg.Record
) -> bool:
    before = None if row["incoming"] is None else json.loads(row["incoming"])
    if row["subsumed"] is None or case.rows[side.other] != before:
        return False
    return not await on_their_way(targets, table, [case.entity_id], {side.other: row["subsumed"]})


async def _done(target: Target, row: asyncpg.Record) -> None:
    sql = statement("sync_state_finished", "cdc")
    await target.connection.execute(sql, row["entity"], [row["entity_id"]])
