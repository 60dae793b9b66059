"""Figures: rows of the tables, changes applied, conflicts, backups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from cdc import config, observe
from cdc.model import Side
from cdc.stats import Stats
from server.api.route import Call, Document, Route, Routes, Time
from server.api.status import Percentiles
from server.problems import LINK_NAMES
from triggers.statements import statement


class TableStats(Document):
    """One table. Rows of large tables are estimated; null where that side has no such table."""

    entity: str
    rows_main: int | None
    rows_backup: int | None
    captured: bool
    policy: str
    applied: int = Field(description="Changes applied since the service started, both ways")
    conflicts: int = Field(description="Open ones")


class LinkStats(Document):
    """One direction. Lags are of the last minutes; null: nothing was applied, or another process works."""

    applied_total: int | None
    per_second: float | None
    lag_ms: Percentiles | None


class LinksStats(Document):
    """Both directions."""

    MAIN_TO_BACKUP: LinkStats = Field(alias="MAIN_TO_BACKUP")
    BACKUP_TO_MAIN: LinkStats = Field(alias="BACKUP_TO_MAIN")


class BackupsStats(Document):
    """Operations, and snapshot files."""

    by_type: dict[str, int]
    by_status: dict[str, int]
    total_bytes: int
    files: int
    oldest: Time | None
    newest: Time | None


class ConflictsStats(Document):
    """Conflicts, as far as they are kept."""

    open: int
    by_type: dict[str, int]
    resolved: int
    converged: int


class StatsDocument(Document):
    """Everything counted."""

    tables: list[TableStats]
    links: LinksStats
    backups: BackupsStats
    conflicts: ConflictsStats


async def read_stats(call: Call) -> StatsDocument:
    """Count everything."""
    context = call.context
    status = await context.service.status()
    async with context.pools.both() as (main, backup):
        rows = await main.fetch(statement("captured_tables", "server"))
        decided = await config.read(main)
        records = (await observe.open_conflicts(main, backup)).records
        closed = [await each.fetchrow(statement("conflict_counts", "server")) for each in (main, backup)]
        operations = await main.fetch(statement("backup_totals", "server"))
        files = await main.fetchrow(statement("snapshot_totals", "server"))
    names = [(row["schema_name"], row["table_name"]) for row in rows]
    counts = {side: await context.rows.of(side, names) for side in Side}
    applied = _applied(context.service.stats())
    conflicts = Counter(entity for entity, _ in records)
    return StatsDocument(
        tables=[
            TableStats(
                entity=row["entity"],
                rows_main=counts[Side.MAIN].get(name),
                rows_backup=counts[Side.BACKUP].get(name),
                captured=True,
                policy=str(decided.policy(row["entity"])),
                applied=applied[row["entity"]],
                conflicts=conflicts[row["entity"]],
            )
            for row, name in zip(rows, names, strict=True)
        ],
        links=LinksStats.model_validate(
            {name: _link(status["sync"]["links"][name]) for name in LINK_NAMES.values()}
        ),
        backups=_backups(operations, files),
        conflicts=ConflictsStats(
            open=len(records),
            by_type=Counter(records.values()),
            resolved=max((row["resolved"] for row in closed if row), default=0),
            converged=max((row["converged"] for row in closed if row), default=0),
        ),
    )


def _applied(links: Mapping[str, Stats]) -> Counter[str]:
    total: Counter[str] = Counter()
    for link in links.values():
        total.update(link.tables)
    return total


def _link(status: Mapping[str, Any]) -> LinkStats:
    return LinkStats(
        applied_total=status["appliedTotal"], per_second=status["perSecond"], lag_ms=status["lag"]
    )


def _backups(operations: list[Any], files: Any) -> BackupsStats:
    by_type: Counter[str] = Counter()
    by_status: Counter[str] = Counter()
    for row in operations:
        by_type[row["type"]] += row["operations"]
        by_status[row["status"]] += row["operations"]
    return BackupsStats(
        by_type=by_type,
        by_status=by_status,
        total_bytes=files["bytes"],
        files=files["files"],
        oldest=files["oldest"],
        newest=files["newest"],
    )


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/stats",
        handler=read_stats,
        summary="Rows by table, lag and throughput by link, backups, conflicts",
        tag="Status",
        answers={200: StatsDocument},
    ),
)
