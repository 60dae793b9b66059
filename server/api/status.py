"""`GET /backup/status`: how everything is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from server.api.history import EntryDocument
from server.api.route import Call, Document, Route, Routes, Time

Severity = Literal["error", "warning", "info"]


class DatabaseStatus(Document):
    """One of the two databases."""

    connected: bool
    version: str | None
    error: str | None


class DatabaseStatuses(Document):
    """Both databases."""

    MAIN: DatabaseStatus = Field(alias="MAIN")
    BACKUP: DatabaseStatus = Field(alias="BACKUP")


class Percentiles(Document):
    """Milliseconds from the write of a change to its commit on the other side, clocks' differences taken off."""

    p50: float
    p95: float
    p99: float


class LinkStatus(Document):
    """One direction. What cannot be known while a database is away is null."""

    state: Literal["streaming", "copying", "paused", "stopped", "reconnecting", "comparing"]
    pending: int | None = Field(description="Changes that wait; counting ends at a million")
    lag_ms: float | None = Field(description="Age of the oldest change that waits")
    applied_total: int | None
    consecutive_failures: int
    last_error: str | None
    last_applied_at: Time | None
    lag: Percentiles | None = Field(description="Of the last five minutes; null where nothing was applied")
    per_second: float | None = Field(description="Changes applied a second, over the last ten")


class LinkStatuses(Document):
    """Both directions."""

    MAIN_TO_BACKUP: LinkStatus = Field(alias="MAIN_TO_BACKUP")
    BACKUP_TO_MAIN: LinkStatus = Field(alias="BACKUP_TO_MAIN")


class SyncStatus(Document):
    """The sync between the two."""

    two_way: bool
    interval_ms: int
    max_failures: int
    links: LinkStatuses


class VerifiedStatus(Document):
    """A backup that is known to be whole."""

    filepath: str
    created_at: Time
    verified_at: Time | None
    tested_at: Time | None = Field(description="When it was restored for trial")
    test_status: str | None


class BackupStatus(Document):
    """The snapshots."""

    last: EntryDocument | None = Field(description="The last backup's history entry")
    next: Time | None = Field(description="When the next one is due")
    last_verified: VerifiedStatus | None = Field(
        description="The newest backup that was read back and is whole"
    )


class ClockStatus(Document):
    """How far BACKUP's clock is ahead of MAIN's, and what the measurement may be off by."""

    skew_ms: float | None
    uncertainty_ms: float | None


class ProblemStatus(Document):
    """Something that is wrong or worth knowing, and what to do about it."""

    id: str = Field(description="The kind of problem and, after a colon, what it is about; stays the same")
    severity: Severity
    message: str
    hint: str


class StatusDocument(Document):
    """How everything is."""

    enabled: bool
    state: str
    version: str
    databases: DatabaseStatuses
    sync: SyncStatus
    backup: BackupStatus
    clocks: ClockStatus
    open_conflicts: int | None
    problems: list[ProblemStatus]


async def read_status(call: Call) -> StatusDocument:
    """Give the status; a database that is away makes it poorer, not an error."""
    return StatusDocument.model_validate(await call.context.service.status())


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/status",
        handler=read_status,
        summary="How everything is: both databases, both links, backups, open conflicts, problems",
        tag="Status",
        answers={200: StatusDocument},
        databases=False,
    ),
)
