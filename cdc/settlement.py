"""Gives both sides the rows that were decided on, as sets; a row that a side refuses stays in conflict, alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

import asyncpg

from cdc import records
from cdc.applier import Applier, splits
from cdc.by_key import put_off_keys
from cdc.cases import Cases, Table
from cdc.change import Change
from cdc.errors import ResolutionRefused
from cdc.images import to_text
from cdc.locks import contended, held_parents
from cdc.model import Op, Side
from cdc.policy import MANUAL
from cdc.references import ReferenceBroken
from cdc.rulings import Ruling
from cdc.target import Target
from cdc.twin import on_both
from cdc.workset import runs
from triggers.statements import statement

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, by entity id what a side refused, and whose parents or unique values somebody holds."""

    done: list[Ruling] = field(default_factory=list)
    refused: dict[str, ResolutionRefused] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)


class _Mixed(Exception):
    """Some of several rows could not be written: undo, and try them apart."""


async def write(targets: Mapping[Side, Target], table: Table, rulings: Sequence[Ruling]) -> Written:
    """Write the decided rows inside the open transactions, foreign keys checked as for any change."""
    held = await on_both(lambda side: _held(targets[side], side, table, rulings))
    busy = held[Side.MAIN] | held[Side.BACKUP]
    written = await _write(targets, table, [each for each in rulings if each.case.entity_id not in busy])
    return replace(written, busy=[*written.busy, *busy])


async def _write(targets: Mapping[Side, Target], table: Table, rulings: Sequence[Ruling]) -> Written:
    if not rulings:
        return Written()
    main, backup = targets[Side.MAIN].connection, targets[Side.BACKUP].connection
    try:
        async with main.transaction(), backup.transaction():
            await on_both(lambda side: _write_side(targets[side], side, table, rulings))
    except (asyncpg.PostgresError, ReferenceBroken, _Mixed) as error:
        if not isinstance(error, _Mixed) and not splits(error, refreshed=True):
            raise
        old = any(target.patience.old for target in targets.values())
        if contended(error) and (old or len(rulings) == 1):
            # Somebody who waits for these transactions may look for a deadlock soon: no more of them is waited for.
            return Written(busy=[each.case.entity_id for each in rulings])
        if len(rulings) == 1:
            entity_id = rulings[0].case.entity_id
            return Written(refused={entity_id: _refused(rulings[0], error)})
    else:
        return Written(list(rulings))
    middle = len(rulings) // 2
    first, second = [await _write(targets, table, half) for half in (rulings[:middle], rulings[middle:])]
    return Written(first.done + second.done, first.refused | second.refused, first.busy + second.busy)


async def _held(target: Target, side: Side, table: Table, rulings: Sequence[Ruling]) -> set[str]:
    """Lock the rows that decided rows are to refer to; returns the records of which somebody holds one."""
    mapping, changes = target.mapped(table.entity, table.columns), _changes(side, table, rulings)
    parts = [part for run in runs(changes) for part in run.tables]
    return {each for part in parts for each in await held_parents(target, mapping, part)}


def _changes(side: Side, table: Table, rulings: Sequence[Ruling]) -> list[Change]:
    """What a side's rows become."""
    changes = []
    for place, each in enumerate(rulings):
        if side in each.written:
            old = to_text(table.columns, each.case.rows[side])
            new = to_text(table.columns, each.rows[side])
            op = Op.DELETE if new is None else Op.INSERT if old is None else Op.UPDATE
            changes.append(Change(place, 0, _NEVER, table.number, op, table.columns, old, new))
    return changes


async def _write_side(target: Target, side: Side, table: Table, rulings: Sequence[Ruling]) -> None:
    changes = _changes(side, table, rulings)
    if not changes:
        return
    applier = Applier(target, side.other, table.reader, lambda _: MANUAL)
    async with applier.careful():  # the rows are locked
        outcome = await applier.apply_changes(changes, ignore_live=True)
    if outcome.conflicts or outcome.deferred:
        raise _Mixed


def _refused(ruled: Ruling, error: Exception) -> ResolutionRefused:
    decision, why = ruled.decision, f": {error}" if str(error) else ""
    sides = " and ".join(sorted(ruled.written)) or "a side"
    return ResolutionRefused(
        f"{decision.entity} {decision.entity_id}: {sides} cannot hold the decided row{why}",
        hint="resolve the record that stands in the way first, or decide otherwise",
    )


async def close(
    targets: Mapping[Side, Target],
    table: Table,
    cases: Cases,
    done: Sequence[Ruling],
    sides: Collection[Side] = tuple(Side),
    *,
    first: Side | None = None,
) -> None:
    """Close the entries of decided records, inside the open transactions.

    Args:
        targets: both sides.
        table: the records' table.
        cases: what was under lock.
        done: the decisions.
        sides: where to close them.
        first: the side that commits first, where they are marked unfinished until the other has committed too.
    """
    if not done:
        return
    rows = {side: [records.dump(each.case.rows[side]) for each in done] for side in Side}
    ids = [each.case.entity_id for each in done]
    shared = (
        [records.dump(each.merged) for each in done],
        [each.resolution.value for each in done],
        [each.decision.by for each in done],
        [each.decision.reason for each in done],
    )
    types, bases = [each.case.type for each in done], [records.dump(each.case.base) for each in done]

    async def close_on(side: Side) -> None:
        if side not in sides:
            return
        await targets[side].connection.execute(
            statement("sync_state_resolve", "cdc"),
            side.other,
            str(table.entity),
            ids,
            types,
            bases,
            rows[side.other],
            rows[side],
            *shared,
            # A row that is yet to be fetched is not there to be given to the other side.
            [side is first and each.fetching is None for each in done],
            cases.seen[side.other],
        )
        await targets[side].connection.execute(statement("deferred_unblocked", "cdc"), str(table.entity), ids)
        await records.recheck(targets[side].connection, table.entity, ids, "resolved")
        fetching = [each.case.entity_id for each in done if each.fetching is side]
        if fetching:
            await put_off_keys(targets[side].connection, side.other, table.entity, fetching)

    await on_both(close_on)


def commits_first(done: Sequence[Ruling]) -> Side:
    """The side to commit first: the one that most rows are written to, so that little is left unfinished."""
    counts = {side: sum(1 for each in done if side in each.written) for side in Side}
    return Side.BACKUP if counts[Side.BACKUP] > counts[Side.MAIN] else Side.MAIN
