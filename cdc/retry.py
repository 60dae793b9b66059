"""Tries entries again that were put off, or that end by themselves when what blocked them changes."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import asyncpg

from cdc import records
from cdc.applier import Applier
from cdc.change import Change
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.faults import Blame, judge
from cdc.fetch import fetch_due
from cdc.kept import FOLLOWING
from cdc.locks import held_parents, lock_rows
from cdc.model import ConflictStatus
from cdc.pausing import pause
from cdc.putting_off import describe
from cdc.renamed import ASTRAY
from cdc.target import ShapeMoved, check_marks, lock_position
from cdc.ties import Behind, is_shown
from cdc.together import changes_of, try_together
from cdc.undone import LOCKED, Outcome
from cdc.waiting import Failure, Key, key_of
from cdc.workset import runs
from triggers.statements import statement

LIMIT: Final = 500
CONFLICTS: Final = 50
"""Put-off rows, and conflicts that may have ended, tried in one go; healthy rows wait meanwhile."""
WIDE: Final = 5_000
"""Put-off rows tried in one go when some were found to wait for others: more than a batch holds."""
WIDE_BYTES: Final = 64 * 1024 * 1024
"""Their images together."""
Named = tuple[int, str]
"""An entry and its table, whose name may be brought up to date at any time."""


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
    tables = applier.tables
    if any(
        tables.is_unclear(name) or not tables.is_followed(name) for name in {row["entity"] for row in due}
    ):
        await tables.refresh()
    fitting, waiting = await _sort_out(applier, due)
    try:
        with contextlib.suppress(PositionBusy):
            async with applier.careful(), applier.target.connection.transaction():
                return await _retry_due(applier, fitting, waiting)
    except ShapeMoved:
        await applier.tables.refresh()
    except asyncpg.PostgresError as error:
        match judge(error.sqlstate).blame:
            case Blame.SHAPE:
                await applier.tables.refresh()
            case Blame.LOCK:
                pass  # somebody holds an entry; all of them are still due
            case _:
                raise
    return Outcome()


async def _due(applier: Applier) -> list[asyncpg.Record]:
    """Entries whose time has come; those of held tables wait with them."""
    sql, held = statement("deferred_due", "cdc"), list(applier.tables.waiting)
    for limit in (LIMIT, WIDE):
        rows: list[asyncpg.Record] = await applier.target.connection.fetch(
            sql, applier.source, limit, held, CONFLICTS, WIDE_BYTES
        )
        if not any(row["waits"] for row in rows):
            break
    return rows


async def _sort_out(applier: Applier, due: Sequence[asyncpg.Record]) -> tuple[set[Named], dict[Named, str]]:
    """Make the mappings of entries; returns those that can be tried, and why others wait for their schema."""
    waiting = {_named(row): ASTRAY for row in due if not applier.target.is_settled(row["entity"])}
    unnamed = {row["entity"] for row in due if not applier.tables.is_followed(row["entity"])}
    waiting |= {_named(row): FOLLOWING for row in due if row["entity"] in unnamed}
    due = [row for row in due if _named(row) not in waiting]
    with contextlib.suppress(SchemaMismatch):
        await applier.prepare(changes_of(applier, due))
        return {_named(row) for row in due}, waiting
    fitting: set[Named] = set()
    for row in due:
        try:
            await applier.prepare(changes_of(applier, [row]))
        except SchemaMismatch as mismatch:
            waiting[_named(row)] = str(mismatch)
        else:
            fitting.add(_named(row))
    return fitting, waiting


def _named(row: asyncpg.Record) -> Named:
    return row["id"], row["entity"]


async def _retry_due(applier: Applier, fitting: Collection[Named], waiting: Mapping[Named, str]) -> Outcome:
    connection = applier.target.connection
    shapes = list(applier.target.shapes.values())
    locked = await lock_position(connection, applier.source, [shape.relid for shape in shapes])
    if locked is None:
        return Outcome()
    check_marks(shapes, locked["mark"])
    applier.target.patience.begin()
    await connection.execute(f"SET LOCAL lock_timeout = {applier.target.patience.lock_timeout}")
    # Only now is the list sure: nobody resolves an entry while the position is locked.
    due = [row for row in await _due(applier) if not row["by_key"]]
    failures = [Failure(row, SchemaMismatch(waiting[_named(row)])) for row in due if _named(row) in waiting]
    ready = [row for row in due if _named(row) in fitting]
    kept = await _locked(applier, changes_of(applier, ready))
    failures += [Failure(row, asyncpg.LockNotAvailableError(LOCKED)) for row in ready if key_of(row) in kept]
    outcome, refused = await try_together(applier, [row for row in ready if key_of(row) not in kept], kept)
    # What was only taken along, and goes on waiting, keeps its time.
    failures += [each for each in refused if each.row["due"] or each.behind is Behind.NOTHING]
    return outcome + (await _failed(applier, failures) if failures else Outcome())


async def _locked(applier: Applier, changes: Sequence[Change]) -> set[Key]:
    """Lock the rows of entries and their parents; returns entries of which somebody else holds one."""
    found: set[Key] = set()
    for run in runs(changes):
        for part in run.tables:
            table = applier.reader.known(part.table_id)
            if table is None:
                continue
            mapping = applier.target.mapped(table.entity, part.columns)
            held = [each.entity_id for each in await lock_rows(applier.target, mapping, part, live=True)]
            held += await held_parents(applier.target, mapping, part)
            found.update((str(table.entity), entity_id) for entity_id in held)
    return found


async def next_retry(applier: Applier) -> float | None:
    """Seconds until an entry is due, None when there is none to try again."""
    found: float | None = await applier.target.connection.fetchval(
        statement("deferred_next", "cdc"), applier.source, list(applier.tables.waiting)
    )
    return found


async def _failed(applier: Applier, failures: Sequence[Failure]) -> Outcome:
    """Note what was refused: shown as conflicts, but for what is locked, or waits for others that are put off."""
    said = [describe(each.error) for each in failures]
    shown = [_is_shown(each, text) for each, (_, _, text) in zip(failures, said, strict=True)]
    await applier.target.connection.execute(
        statement("deferred_failed", "cdc"),
        [each.row["id"] for each in failures],
        [kind for kind, _, _ in said],
        [constraint for _, constraint, _ in said],
        [text for _, _, text in said],
        [pause(each.row["tries"]) for each in failures],
        shown,
        [records.dump_related(each.related) for each in failures],
        [each.row["version"] for each in failures],
    )
    begun: dict[str, list[str]] = {}
    for each, is_new in zip(failures, shown, strict=True):
        if is_new and each.row["status"] == ConflictStatus.DEFERRED:
            begun.setdefault(each.row["entity"], []).append(each.row["entity_id"])
    for entity, ids in begun.items():
        # What each side has of it is looked at once both links have passed.
        await records.recheck(applier.target.connection, entity, ids, "could not be written")
    return Outcome(
        deferred=shown.count(False), conflicts=shown.count(True), rechecks=sum(map(len, begun.values()))
    )


def _is_shown(failure: Failure, text: str) -> bool:
    if isinstance(failure.error, SchemaMismatch) or text == LOCKED:
        return False
    return is_shown(failure.row["tries"], failure.behind)
