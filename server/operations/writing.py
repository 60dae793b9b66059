"""Snapshots as operations: full backups, exports, and what is saved before a restore."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import structlog

from cdc.durability import make_durable
from cdc.errors import CdcError
from cdc.model import Side
from cdc.session import UNREACHABLE, Connection
from cdc.snapshot import catalog, mark
from cdc.snapshot.catalog import SnapshotInfo
from cdc.snapshot.errors import StoreFull
from cdc.snapshot.history import Ending, Status
from cdc.snapshot.names import Kind, made_at
from cdc.snapshot.progress import Progress
from cdc.snapshot.writer import Written, write_snapshot
from server.operations import tidying
from server.operations.complete import complete
from server.operations.run import Run
from server.operations.workshop import Workshop, session
from server.redaction import redact

PATIENCE: Final = 10.0
GLANCE: Final = 2.0
"""Seconds that a backup waits for BACKUP to have everything too, unless the interval is shorter: after it has written
a file, and where nothing had changed."""

_FAILURES = (*UNREACHABLE, CdcError, asyncpg.PostgresError, asyncpg.InternalClientError)
_log = structlog.get_logger(__name__)


def told(run: Run, progress: Progress) -> None:
    """Pass on how far a file is, in the words of the entry."""
    run.progress(
        {
            "phase": progress.phase,
            "entity": progress.entity,
            "rowsDone": progress.rows_done,
            "rowsTotal": progress.rows_total,
        }
    )


async def full(shop: Workshop, run: Run, in_use: Collection[str]) -> Ending:
    """Write a full backup of MAIN, unless nothing has changed since the last; then tidy up.

    Raises:
        CdcError: no snapshot was written.
    """
    async with session(shop.databases.main, "backup") as main:
        before = await mark.look(main, shop.databases.main.schemas)
        last = await _still_good(shop, main, before)
        if last is not None:
            patience = min(GLANCE, shop.settings.backup_interval_seconds)
            detail = {"sameAs": last.filepath, **await _backup(shop, last.mark, patience)}
            detail |= await _tidied(shop, main, in_use, ())
            return Ending(Status.UNCHANGED, record_count=last.record_count, detail=detail)
        try:
            written = await write_snapshot(
                shop.databases.main,
                shop.store,
                kind="FULL",
                key=shop.key,
                progress=lambda progress: told(run, progress),
            )
        except StoreFull:
            await _tidied(shop, main, in_use, ())  # the next one may find room
            raise
        # Else a crash could take back what the file holds, and give the numbers of its mark out again.
        await make_durable(main)
        info = _info(written, "FULL", Side.MAIN, run.id, before.mark.of(written.seen, written.tables.keys()))
        run.written.append(info)
        patience = min(PATIENCE, shop.settings.backup_interval_seconds)
        detail = _detail(written)
        try:
            detail |= await _backup(shop, info.mark, patience)
            detail |= await _tidied(shop, main, in_use, [info])
        except asyncio.CancelledError:  # too late: the file is there and good, and the entry is to say so
            detail["cancelled"] = "after the file was written"
        return _ending(written, detail)


async def export(shop: Workshop, run: Run, *, include_history: bool) -> Ending:
    """Write a snapshot of MAIN that somebody asked for.

    Raises:
        CdcError: no snapshot was written.
    """
    written = await write_snapshot(
        shop.databases.main,
        shop.store,
        kind="EXPORT",
        include_history=include_history,
        key=shop.key,
        progress=lambda progress: told(run, progress),
    )
    run.written.append(_info(written, "EXPORT", Side.MAIN, run.id))
    return _ending(written, _detail(written))


async def save(shop: Workshop, run: Run, side: Side) -> SnapshotInfo:
    """Write a snapshot of a database that is about to be restored into, and note it at once.

    Raises:
        CdcError: no snapshot was written, so nothing may be restored.
    """
    written = await write_snapshot(
        shop.databases.endpoint(side),
        shop.store,
        kind="EXPORT",
        key=shop.key,
        progress=lambda progress: told(run, progress),
    )
    info = _info(written, "EXPORT", side, run.id)
    await shop.line.ask(lambda main: catalog.put(main, shop.store.location, info, whole=True))
    return info


async def _still_good(shop: Workshop, main: Connection, now: mark.Look) -> SnapshotInfo | None:
    """Give the last backup, where it is there, whole, and holds everything that is committed."""
    if not shop.settings.backup_skip_unchanged:
        return None
    known = await catalog.known(main, shop.store.location)
    last = next(
        (each for each in known if each.type == "FULL" and each.side is Side.MAIN and each.usable), None
    )
    if last is None or last.mark is None or not await mark.unchanged(main, now, last.mark):
        return None
    there = {(file.name, file.size_bytes) for file in await shop.store.files()}
    return last if (last.name, last.size_bytes) in there else None


async def _backup(shop: Workshop, what: mark.Mark | None, patience: float) -> Mapping[str, Any]:
    """Say whether BACKUP holds what a snapshot does."""
    if what is None:
        return {}
    two_way = shop.settings.enable_two_way_sync
    found = await complete(shop.databases, what.seen, two_way=two_way, patience=patience)
    return {} if found is None else {"backupDatabase": found}


async def _tidied(
    shop: Workshop, main: Connection, in_use: Collection[str], fresh: Collection[SnapshotInfo]
) -> Mapping[str, Any]:
    """Tidy up; where that fails the snapshot is no worse for it."""
    try:
        told = tidying.as_json(await tidying.tidy(shop, main, in_use=in_use, fresh=fresh))
    except _FAILURES as error:
        _log.warning("old snapshots cannot be removed", error=redact(str(error)))
        told = {"error": redact(str(error))}
    return {"retention": told} if told else {}


def _info(
    written: Written, kind: Kind, side: Side, number: int, what: mark.Mark | None = None
) -> SnapshotInfo:
    return SnapshotInfo(
        name=written.name,
        filepath=written.filepath,
        type=kind,
        side=side,
        history_id=number,
        created_at=made_at(written.name) or datetime.now(UTC),
        size_bytes=written.size_bytes,
        record_count=written.record_count,
        sha256=written.sha256,
        mark=what,
    )


def _detail(written: Written) -> dict[str, Any]:
    tables = {entity: foot.rows for entity, foot in written.tables.items()}
    return {"tables": tables, **({"notes": list(written.notes)} if written.notes else {})}


def _ending(written: Written, detail: Mapping[str, Any]) -> Ending:
    return Ending(
        Status.COMPLETED,
        record_count=written.record_count,
        size_bytes=written.size_bytes,
        filepath=written.filepath,
        sha256=written.sha256,
        detail=detail,
    )
