"""Fetches the rows of which only the key was recorded, one after the other, and says what became of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import asyncpg

from cdc import records
from cdc.applier import Applier
from cdc.by_key import later, pause_of_try
from cdc.errors import PositionBusy, SchemaMismatch
from cdc.faults import Blame, judge
from cdc.fetching import prepare
from cdc.model import ConflictStatus
from cdc.putting_off import describe
from cdc.references import ReferenceBroken
from cdc.renamed import ASTRAY
from cdc.target import ShapeMoved
from cdc.undone import LOCKED, Outcome
from triggers.statements import statement

BUDGET_S: Final = 1.0
"""After so long the link goes on with its other changes first."""
REKEYED: Final = "its table has another key; all rows are compared once both sides and capture have it"
_TOO_LARGE: Final = "invalid memory alloc request size"
"""What PostgreSQL says, in any language, of a value or row that would take more than 1 GB of its memory."""
_Failure = asyncpg.PostgresError | ReferenceBroken | SchemaMismatch | ShapeMoved | PositionBusy


async def fetch_due(applier: Applier, due: Sequence[asyncpg.Record]) -> Outcome:
    """Fetch the rows of entries, each in a transaction of its own.

    Raises:
        asyncpg.PostgresError: an error that no row is to blame for.
    """
    outcome, began = Outcome(), time.monotonic()
    for row in due:
        outcome += await _fetch(applier, row)
        if time.monotonic() - began > BUDGET_S:
            break
    return outcome


async def _fetch(applier: Applier, row: asyncpg.Record) -> Outcome:
    began = time.monotonic()
    if applier.tables.is_unclear(row["entity"]):
        await applier.tables.refresh()
    if not applier.target.is_settled(row["entity"]):
        return await later(applier.target, row, ASTRAY, 0)
    try:
        fetching = await prepare(applier, row)
        if fetching is not None:
            return await fetching.carry_out()
    except (asyncpg.PostgresError, ReferenceBroken, SchemaMismatch, ShapeMoved, PositionBusy) as error:
        return await _failed(applier, row, error, time.monotonic() - began)
    except ValueError:  # the entry's name is of another key
        return await later(applier.target, row, REKEYED, time.monotonic() - began)
    # The table is synced no longer.
    await applier.target.connection.execute(statement("deferred_done", "cdc"), [row["id"]], [row["version"]])
    return Outcome()


async def _failed(applier: Applier, row: asyncpg.Record, error: _Failure, took_s: float) -> Outcome:
    match _blame(error):
        case Blame.LINK:
            raise error
        case Blame.ROW:
            return await _refused(applier, row, error, took_s)
        case Blame.SHAPE:
            await applier.tables.refresh()
            return await later(applier.target, row, str(error), took_s)
        case Blame.LOCK:
            return await later(applier.target, row, LOCKED, took_s)


def _blame(error: _Failure) -> Blame:
    match error:
        case asyncpg.InternalServerError() if str(error).startswith(_TOO_LARGE):
            return Blame.ROW
        case asyncpg.OutOfMemoryError():
            # Nothing else needs so much at once; were it the server's trouble, the others' statements would say so.
            return Blame.ROW
        case asyncpg.PostgresError():
            return judge(error.sqlstate).blame
        case ReferenceBroken():
            return Blame.ROW
        case PositionBusy():
            return Blame.LOCK
        case _:
            return Blame.SHAPE


async def _refused(applier: Applier, row: asyncpg.Record, error: Exception, took_s: float) -> Outcome:
    """Show an entry whose row the target cannot hold as things are; it is tried again all the same.

    What was decided meanwhile, or has changed, is left.
    """
    kind, constraint, text = describe(error)
    connection = applier.target.connection
    said = [row["id"]], [kind], [constraint], [text], [pause_of_try(row["tries"], took_s)]
    noted = statement("deferred_failed", "cdc"), *said, [True], [None], [row["version"]]
    if await connection.fetchval(*noted) is None:
        return Outcome()
    if row["status"] == ConflictStatus.DEFERRED:
        await records.recheck(connection, row["entity"], [row["entity_id"]], "could not be written")
    return Outcome(conflicts=1, rechecks=1)
