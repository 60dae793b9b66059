"""Restores: a snapshot brought back to either side, or what that would do."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from cdc.model import Side
from cdc.snapshot.history import Entry
from server.api.history import EntryDocument
from server.api.idempotency import once
from server.api.operations import BUSY, FAILED, Wait, answered
from server.api.route import Body, Call, Document, Reply, Route, Routes, Text
from server.operations.request import RestoreRequest

MOST_TABLES: Final = 1_000
LONGEST_PATH: Final = 1_000


class RestoreBody(Body):
    """What is restored, and where."""

    filepath: str = Field(
        min_length=1,
        max_length=LONGEST_PATH,
        description="As an operation gave it, a bare name, or relative to the working folder or BACKUP_DIR",
    )
    target: Side
    tables: list[Text] = Field(
        [], max_length=MOST_TABLES, description="Only these; all of the file where empty"
    )
    dry_run: bool = Field(default=False, description="Only say what would be written")
    propagate: bool | None = Field(
        None, description="Whether the other side follows; where not given: for MAIN yes, for BACKUP no"
    )


class CountsDocument(Document):
    """What became, or would become, of a table's rows."""

    inserted: int
    updated: int
    deleted: int
    unchanged: int


class SampleDocument(Document):
    """A record that a restore would write."""

    kind: str
    entity_id: str


class RestoreDocument(Document):
    """A finished restore, or with dryRun what it would do."""

    id: int
    filepath: str | None
    target: Side
    dry_run: bool
    record_count: int | None
    tables: dict[str, CountsDocument]
    notes: list[str]
    samples: dict[str, list[SampleDocument]]
    detail: dict[str, Any]


async def restore_backup(call: Call) -> Reply:
    """Restore a snapshot, and answer when it is done unless told otherwise."""
    wanted = call.body(RestoreBody)
    request = RestoreRequest(
        filepath=wanted.filepath,
        target=wanted.target,
        tables=tuple(wanted.tables),
        dry_run=wanted.dry_run,
        propagate=wanted.propagate,
    )
    operations, actor = call.context.operations(), call.identity.actor
    number = await once(call, lambda: operations.start_restore(actor, request))
    return await answered(call, number, lambda entry: _restored(entry, request))


def _restored(entry: Entry, request: RestoreRequest) -> RestoreDocument:
    known = {"tables", "notes", "samples"}
    return RestoreDocument(
        id=entry.id,
        filepath=entry.filepath or request.filepath,
        target=request.target,
        dry_run=request.dry_run,
        record_count=entry.record_count,
        tables=entry.detail.get("tables") or {},
        notes=entry.detail.get("notes") or [],
        samples=entry.detail.get("samples") or {},
        detail={name: value for name, value in entry.detail.items() if name not in known},
    )


_FILE: Final = {
    404: "The file is missing or outside BACKUP_DIR",
    422: "The file is damaged, not ours, or of another schema; or a field is not as it should be",
}

ROUTES: Routes = (
    Route(
        method="POST",
        path="/backup/restore",
        handler=restore_backup,
        summary="Restore a snapshot to either side, or see what that would do",
        tag="Operations",
        answers={200: RestoreDocument, 202: EntryDocument},
        refusals={**BUSY, **FAILED, **_FILE},
        query=Wait,
        body=RestoreBody,
        changes=True,
        repeatable=True,
    ),
)
