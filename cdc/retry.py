"""Tries entries again that were put off, or that end by themselves when what blocked them changes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import asyncpg

from cdc import records
from cdc.applier import Applier, splits
from cdc.blockers import Refused, blockers
from cdc.change import Change
from cdc.conflicts import Related
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.faults import Blame, judge
from cdc.fetch import fetch_due
from cdc.images import to_image, to_text
from cdc.locks import lock_rows
from cdc.model import ConflictStatus, Op
from cdc.references import ReferenceBroken
from cdc.session import Connection
from cdc.splitter import describe
from cdc.target import ShapeMoved, check_marks, lock_position
from cdc.undone import LOCKED, Outcome
from cdc.workset import runs
from triggers.statements import statement

LIMIT: Final = 500
CONFLICTS: Final = 50
"""Put-off rows, and conflicts that may have ended, tried in one go; healthy rows wait meanwhile."""
FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 10.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def pause(tries: int) -> float:
    """Seconds until the next try: doubling, capped."""
    return min(FIRST_PAUSE_S * float(2 ** min(tries, 20)), LONGEST_PAUSE_S)


async def retry_deferred(applier: Applier) -> Outcome:
    """Try what is due in a transaction of its own; together first, since rows may wait for each other.

    Raises:
        asyncpg.PostgresError: an error that no row is to blame for.
    """
    due = await _due(applier)
    fetched = await fetch_due(applier, [row for row in due if row["by_key"]])
    due = [row for row in due if not row["by_key"]]
    return fetched + (await _retry(applier, due) if due else Outcome())


async def _retry(applier: Applier, due: Sequence[asyncpg.Record]) -> Outcome:
    fitting, waiting = await _sort_out(applier, due)
    try:
        with contextlib.suppress(PositionBusy):
            async with applier.careful(), applier.target.connection.transaction():
                return await _retry_due(applier, fitting, waiting)
    except ShapeMoved:
        await applier.tables.refresh()
    except asyncpg.PostgresError as error:
        if judge(error.sqlstate).blame is not Blame.SHAPE:
            raise
        await applier.tables.refresh()
    return Outcome()


async def _due(applier: Applier) -> list[asyncpg.Record]:
    """Entries whose time has come; those of held tables wait with them."""
    rows: list[asyncpg.Record] = await applier.target.connection.fetch(
        statement("deferred_due", "cdc"), applier.source, LIMIT, list(applier.tables.held), CONFLICTS
    )
    return rows


async def _sort_out(applier: Applier, due: Sequence[asyncpg.Record]) -> tuple[set[int], dict[int, str]]:
    """Make the mappings of entries; returns those that can be tried, and why others wait for their schema."""
    fitting: set[int] = set()
    waiting: dict[int, str] = {}
    for row in due:
        try:
            await applier.prepare(_changes(applier, [row]))
        except SchemaMismatch as mismatch:
            waiting[row["id"]] = str(mismatch)
        else:
            fitting.add(row["id"])
    return fitting, waiting


async def _retry_due(applier: Applier, fitting: Collection[int], waiting: Mapping[int, str]) -> Outcome:
    connection = applier.target.connection
    shapes = list(applier.target.shapes.values())
    locked = await lock_position(connection, applier.source, [shape.relid for shape in shapes])
    if locked is None:
        return Outcome()
    check_marks(shapes, locked["mark"])
    await connection.execute(f"SET LOCAL lock_timeout = {applier.target.patience.lock_timeout}")
    # Only now is the list sure: nobody resolves an entry while the position is locked.
    due = [row for row in await _due(applier) if not row["by_key"]]
    outcome = Outcome()
    for row in due:
        if row["id"] in waiting:
            outcome += await _failed(applier, row, SchemaMismatch(waiting[row["id"]]))
    ready = [row for row in due if row["id"] in fitting]
    kept = await _locked(applier, _changes(applier, ready))
    for row in ready:
        if (row["entity"], row["entity_id"]) in kept:
            outcome += await _failed(applier, row, asyncpg.LockNotAvailableError(LOCKED))
    ready = [row for row in ready if (row["entity"], row["entity_id"]) not in kept]
    return outcome + (await _try(applier, ready) if ready else Outcome())


async def _locked(applier: Applier, changes: Sequence[Change]) -> set[tuple[str, str]]:
    """Lock the rows of entries; returns those that somebody else holds."""
    found = set()
    for run in runs(changes):
        for part in run.tables:
            table = applier.reader.known(part.table_id)
            if table is None:
                continue
            mapping = applier.target.mapped(table.entity, part.columns)
            for change in await lock_rows(applier.target, mapping, part, live=True):
                found.add((str(table.entity), change.entity_id))
    return found


class _Mixed(Exception):
    """Some of several entries could not be applied: undo, and try them apart."""


async def next_retry(applier: Applier) -> float | None:
    """Seconds until an entry is due, None when there is none to try again."""
    found: float | None = await applier.target.connection.fetchval(
        statement("deferred_next", "cdc"), applier.source, list(applier.tables.held)
    )
    return found


async def _try(applier: Applier, due: Sequence[asyncpg.Record]) -> Outcome:
    """Apply entries together; where that fails in halves, so that each is judged alone in the end."""
    connection = applier.target.connection
    try:
        async with connection.transaction():
            outcome = await applier.apply_changes(_changes(applier, due), ignore_live=True)
            if not outcome.deferred:
                return outcome + await _done(connection, due)
            if len(due) > 1:
                raise _Mixed  # noqa: TRY301 - leaves the savepoint, then the halves are tried
            raise asyncpg.LockNotAvailableError(LOCKED)
    except (asyncpg.PostgresError, ReferenceBroken, _Mixed) as error:
        if not isinstance(error, _Mixed) and not splits(error, refreshed=True):
            raise
        if len(due) == 1:
            return await _failed(applier, due[0], error)
    middle = len(due) // 2
    return await _try(applier, due[:middle]) + await _try(applier, due[middle:])


async def _done(connection: Connection, due: Sequence[asyncpg.Record]) -> Outcome:
    """End the entries that were applied. One that has become another conflict meanwhile has another version."""
    ids, versions = [row["id"] for row in due], [row["version"] for row in due]
    tables: dict[str, list[str]] = {}
    for row in await connection.fetch(statement("deferred_done", "cdc"), ids, versions):
        tables.setdefault(row["entity"], []).append(row["entity_id"])
    for entity, written in tables.items():
        # The source may have gone on meanwhile in a way that only a TRUNCATE told of.
        await records.recheck(connection, entity, written, "written late")
    return Outcome(rechecks=sum(len(written) for written in tables.values()))


async def _failed(applier: Applier, row: asyncpg.Record, error: Exception) -> Outcome:
    kind, constraint, text = describe(error)
    connection = applier.target.connection
    shown = text != LOCKED and not isinstance(error, SchemaMismatch)
    related = await _related(applier, row, constraint) if shown and constraint else []
    await connection.execute(
        statement("deferred_failed", "cdc"),
        row["id"],
        kind,
        constraint,
        text,
        pause(row["tries"]),
        shown,
        records.dump_related(related),
    )
    if not shown:
        return Outcome(deferred=1)
    if row["status"] == ConflictStatus.DEFERRED:
        # What each side has of it is looked at once both links have passed.
        await records.recheck(connection, row["entity"], [row["entity_id"]], "could not be written")
    return Outcome(conflicts=1, rechecks=1)


async def _related(applier: Applier, row: asyncpg.Record, constraint: str) -> list[Related]:
    """The records that an entry's constraint is about."""
    for change in _changes(applier, [row]):
        table = applier.reader.known(change.table_id)
        if table is not None:
            mapping = applier.target.mapped(table.entity, change.columns)
            images = to_image(change.columns, change.old), to_image(change.columns, change.new)
            refused = Refused(applier.source, mapping, row["entity_id"], *images, constraint)
            return await blockers(applier.target, refused, applier.reader.key_of)
    return []


def _changes(applier: Applier, due: Sequence[asyncpg.Record]) -> list[Change]:
    """Entries as changes from their base to the newest image; what is nothing by now is left out."""
    changes = []
    for seq, row in enumerate(due):
        table_id = applier.reader.number(row["entity"])
        base = json.loads(row["base"]) if row["base"] else None
        incoming = json.loads(row["incoming"]) if row["incoming"] else None
        if base and incoming and row["reached"]:
            incoming |= json.loads(row["reached"])
        if table_id is None or base == incoming:
            continue
        columns = tuple((incoming or base or {}).keys())
        op = Op.DELETE if incoming is None else Op.INSERT if base is None else Op.UPDATE
        old, new = to_text(columns, base), to_text(columns, incoming)
        changes.append(Change(seq, 0, _EPOCH, table_id, op, columns, old, new))
    return changes
