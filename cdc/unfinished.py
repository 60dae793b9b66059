"""Completes decisions that one side has and the other lacks, because somebody died between the two commits.

The side that committed first says so, with the other side's row as it was then. Where that row is still the same and
no application has written it since, it is given what the first side holds now. Where it is another one, the other
side has committed too, or an application has gone on from there: the links and the comparison of both rows tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from cdc.cases import Cases, Table, lock_positions, on_their_way, open_cases, prepare_table
from cdc.deciding import settle_numbers
from cdc.decision import Case, Decision, wanted_rows
from cdc.errors import NameMoved, SchemaMismatch
from cdc.model import Image, Resolution, Side
from cdc.reader import Reader
from cdc.rulings import Ruling
from cdc.settlement import Written, close, write
from cdc.target import Target
from cdc.twin import Twin
from triggers.statements import statement

LIMIT: Final = 500
MOST_BYTES: Final = 16 * 1024 * 1024
"""Decisions completed in one go, and bytes of their rows after which there are no more."""


async def unfinished(target: Target) -> dict[str, list[asyncpg.Record]]:
    """Decisions that a side has and the other one may lack, by table."""
    found: dict[str, list[asyncpg.Record]] = {}
    for row in await target.connection.fetch(statement("sync_state_unfinished", "cdc"), LIMIT, MOST_BYTES):
        found.setdefault(row["entity"], []).append(row)
    return found


async def finish(
    targets: Mapping[Side, Target],
    readers: Mapping[Side, Reader],
    side: Side,
    entity: str,
    rows: Sequence[asyncpg.Record],
) -> int:
    """Complete decisions of `side` on records of one table. Returns how many rows the other side was given.

    Raises:
        NameMoved: a name of the table stands for different things on the two sides.
        PositionBusy: a link, or somebody who decides, works on this right now.
        ShapeMoved: the table has been altered.
    """
    decided = {row["entity_id"]: row for row in rows}  # the last one, where there are several
    try:
        table = await prepare_table(targets, readers, entity)
    except NameMoved:
        raise  # there is, once the name stands for the same thing on both sides
    except (LookupError, SchemaMismatch):
        table = None  # the table is synced no longer: there is nothing to complete
    if table is None:
        await _done(targets[side], entity, list(decided))
        return 0
    async with Twin({each: target.connection for each, target in targets.items()}) as twin:
        twin.first = side.other
        applied = await lock_positions(targets, table)
        cases = await open_cases(targets, table, list(decided), applied, live=False)
        written = await _complete(targets, table, cases, side, decided)
        ids = [case.entity_id for case in cases.found if case.entity_id not in written.busy]
        await _done(targets[side], entity, ids)
        await settle_numbers(readers)
    return sum(1 for each in written.done if each.written)


async def _complete(
    targets: Mapping[Side, Target],
    table: Table,
    cases: Cases,
    side: Side,
    decided: Mapping[str, asyncpg.Record],
) -> Written:
    """Give the other side the rows that it lacks, and close its entries; too large rows are left to the links."""
    rulings = []
    for case in await _as_they_were(targets, table, cases, side, decided):
        row, same = decided[case.entity_id], case.entity_id in cases.same
        if (same and side.other not in case.entries) or (case.short and not same):
            continue
        resolution = Resolution(row["resolution"])
        decision = Decision(
            row["entity"], case.entity_id, resolution, row["resolved_by"], reason=row["reason"]
        )
        shown = replace(case, rows={**case.rows, side: _image(row["current"])})
        rows, written = wanted_rows(case, table.columns, side, {}), frozenset[Side]()
        rulings.append(Ruling(shown, decision, resolution, rows, written if same else written | {side.other}))
    written_now = await write(targets, table, rulings)
    # What the other side refuses stays different, and is found so when both rows are compared.
    await close(targets, table, cases, written_now.done, [side.other])
    return written_now


async def _as_they_were(
    targets: Mapping[Side, Target],
    table: Table,
    cases: Cases,
    side: Side,
    decided: Mapping[str, asyncpg.Record],
) -> list[Case]:
    """Records whose row on the other side is what it was when they were decided, and was not written since."""
    moments: dict[str, list[Case]] = {}
    for case in cases.found:
        row = decided[case.entity_id]
        if row["subsumed"] is not None and case.rows[side.other] == _image(row["incoming"]):
            moments.setdefault(row["subsumed"], []).append(case)
    found = []
    for subsumed, stayed in moments.items():
        ids = [case.entity_id for case in stayed]
        gone_on = await on_their_way(targets, table, ids, {side.other: subsumed})
        found += [case for case in stayed if case.entity_id not in gone_on]
    return found


def _image(text: str | None) -> Image | None:
    image: Image | None = json.loads(text or "null")
    return image


async def _done(target: Target, entity: str, ids: Sequence[str]) -> None:
    await target.connection.execute(statement("sync_state_finished", "cdc"), entity, list(ids))
