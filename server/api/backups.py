"""Backups and exports, begun by a request."""

from __future__ import annotations

from http import HTTPStatus

from pydantic import Field

from cdc.snapshot.history import Entry
from server.api.history import EntryDocument
from server.api.idempotency import once
from server.api.operations import BUSY, FAILED, Wait, answered
from server.api.route import Body, Call, Document, Reply, Route, Routes


class ExportBody(Body):
    """What an export holds."""

    include_history: bool = Field(default=False, description="With the history of backups")


class ExportDocument(Document):
    """A finished export."""

    id: int
    filepath: str
    size_bytes: int
    record_count: int
    sha256: str


async def trigger_backup(call: Call) -> Reply:
    """Begin a full backup."""
    operations, actor = call.context.operations(), call.identity.actor
    number = await once(call, lambda: operations.start_backup(actor))
    return await answered(call, number, EntryDocument.of, waits=False)


async def export_backup(call: Call) -> Reply:
    """Write an export, and answer when it is done unless told otherwise."""
    operations, actor, wanted = call.context.operations(), call.identity.actor, call.body(ExportBody)
    number = await once(call, lambda: operations.start_export(actor, include_history=wanted.include_history))
    return await answered(call, number, _exported, status=HTTPStatus.CREATED)


def _exported(entry: Entry) -> ExportDocument:
    return ExportDocument(
        id=entry.id,
        filepath=entry.filepath or "",
        size_bytes=entry.size_bytes or 0,
        record_count=entry.record_count or 0,
        sha256=entry.sha256 or "",
    )


ROUTES: Routes = (
    Route(
        method="POST",
        path="/backup/trigger",
        handler=trigger_backup,
        summary="Begin a full backup",
        tag="Operations",
        answers={202: EntryDocument, 200: EntryDocument},
        refusals={**BUSY, **FAILED},
        query=Wait,
        changes=True,
        repeatable=True,
    ),
    Route(
        method="POST",
        path="/backup/export",
        handler=export_backup,
        summary="Write an export to BACKUP_DIR",
        tag="Operations",
        answers={201: ExportDocument, 202: EntryDocument},
        refusals={**BUSY, **FAILED},
        query=Wait,
        body=ExportBody,
        changes=True,
        repeatable=True,
    ),
)
