"""Checks as operations: both databases compared, a file read, a snapshot restored for trial."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from cdc.model import Side
from cdc.snapshot import catalog
from cdc.snapshot.catalog import SnapshotInfo
from cdc.snapshot.errors import SnapshotDamaged, SnapshotForeign, SnapshotNotFound
from cdc.snapshot.history import Ending, Status
from cdc.snapshot.verify import Verified, verify_file
from cdc.verdict import TableVerdict, VerifyReport
from server.embedded.scratch import scratch
from server.operations.run import Run
from server.operations.tidying import reconcile
from server.operations.workshop import Workshop, session
from server.operations.writing import told


class Check(StrEnum):
    """What a VERIFY entry is about; `kind` in its detail."""

    SIDES = "SIDES"
    FILE = "FILE"
    RESTORE_TEST = "RESTORE_TEST"


async def sides(shop: Workshop, run: Run, *, repair: Side | None, tables: Sequence[str]) -> Ending:
    """Compare both databases. FAILED where rows differ that neither were repaired nor are in an open conflict.

    Raises:
        CdcError: they could not be compared.
    """
    from cdc.verify import verify_sides  # noqa: PLC0415 - slow to import, and rarely needed

    def moved(entity: str, done: int, total: int) -> None:
        run.progress({"phase": "COMPARING", "entity": entity, "rowsDone": done, "rowsTotal": total})

    report = await verify_sides(
        shop.databases.main, shop.databases.backup, tables=tables, repair=repair, progress=moved
    )
    wrong = [table for table in report.tables if table.error or _left(table) > table.conflicts]
    equal = not wrong and not any(_left(table) for table in report.tables)
    return Ending(
        Status.FAILED if wrong else Status.COMPLETED,
        record_count=report.rows,
        error="; ".join(_words(table) for table in wrong) or None,
        detail={"equal": equal, "tables": _tables(report), "notes": list(report.notes)},
    )


async def file(shop: Workshop, run: Run, name: str) -> Ending:
    """Read a file from end to end, and note what came of it.

    Raises:
        SnapshotDamaged, SnapshotForeign: it is not whole, or none of ours; that is noted too.
    """
    verified = await verified_file(shop, name, run)
    return Ending(
        Status.COMPLETED,
        record_count=verified.footer.rows,
        size_bytes=verified.size_bytes,
        filepath=shop.store.filepath(name),
        sha256=verified.sha256,
        detail={
            "tables": {entity: foot.rows for entity, foot in verified.footer.tables.items()},
            "createdAt": verified.header.created_at,
            "side": verified.header.side,
        },
    )


async def verified_file(shop: Workshop, name: str, run: Run | None = None) -> Verified:
    """Read a file from end to end and note on MAIN whether it is whole.

    Raises:
        SnapshotDamaged, SnapshotForeign: it is not.
    """
    location = shop.store.location
    try:
        verified = await verify_file(
            shop.store, name, key=shop.key, progress=None if run is None else lambda each: told(run, each)
        )
    except (SnapshotDamaged, SnapshotForeign) as error:
        fault = str(error)
        await shop.line.ask(lambda main: reconcile(shop, main))
        await shop.line.ask(lambda main: catalog.note_fault(main, location, name, fault))
        raise
    info = _read(shop, name, verified)
    await shop.line.ask(lambda main: catalog.put(main, location, info, whole=True))
    return verified


async def trial(shop: Workshop, run: Run, name: str | None, folder: Path) -> Ending:
    """Restore a snapshot into a database of its own and compare every table.

    Args:
        shop: the store and the databases.
        run: the operation.
        name: the file; None takes the newest verified backup.
        folder: where the throw-away server lies meanwhile.

    Raises:
        SnapshotNotFound: there is nothing to try.
    """
    from cdc.snapshot.restore_test import restore_test  # noqa: PLC0415 - slow to import, and rarely needed

    location = shop.store.location
    if name is None:
        async with session(shop.databases.main, "trial") as main:
            known = await reconcile(shop, main)
        name = next((each.name for each in known if each.usable and each.type == "FULL"), None)
        if name is None:
            raise SnapshotNotFound("the newest verified backup")
    outcome = await restore_test(
        shop.store,
        name,
        scratch(folder, shop.databases.main.schemas),
        key=shop.key,
        progress=lambda progress: told(run, progress),
    )
    status, tested = Status(outcome.status), name
    await shop.line.ask(lambda main: catalog.note_tested(main, location, tested, status))
    return Ending(
        status,
        record_count=sum(outcome.tables.values()),
        filepath=shop.store.filepath(name),
        error=outcome.reason or None,
        detail={"tables": dict(outcome.tables)},
    )


def _read(shop: Workshop, name: str, verified: Verified) -> SnapshotInfo:
    """Say what a file says of itself."""
    header = verified.header
    return SnapshotInfo(
        name=name,
        filepath=shop.store.filepath(name),
        type=header.kind,
        side=Side(header.side),
        history_id=None,
        created_at=datetime.fromisoformat(header.created_at),
        size_bytes=verified.size_bytes,
        record_count=verified.footer.rows,
        sha256=verified.sha256,
    )


def _left(table: TableVerdict) -> int:
    """How many rows still differ."""
    return table.differing + table.missing_main + table.missing_backup - table.repaired


def _words(table: TableVerdict) -> str:
    if table.error:
        return f"{table.entity}: {table.error}"
    counts = {
        "rows differ": table.differing,
        "are missing on MAIN": table.missing_main,
        "are missing on BACKUP": table.missing_backup,
        "were repaired": table.repaired,
        "are in an open conflict": table.conflicts,
    }
    return f"{table.entity}: " + ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _tables(report: VerifyReport) -> dict[str, Any]:
    return {
        table.entity: {
            "rowsMain": table.rows_main,
            "rowsBackup": table.rows_backup,
            "differing": table.differing,
            "missingMain": table.missing_main,
            "missingBackup": table.missing_backup,
            "conflicts": table.conflicts,
            "moving": table.moving,
            "repaired": table.repaired,
            **({"error": table.error} if table.error else {}),
        }
        for table in report.tables
    }
