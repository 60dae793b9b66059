"""Backups, exports, restores and comparisons: begun by a request, and waited for if the client wants it.

They run as operations of the service, not of the request: a client that goes away changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

from pydantic import Field

from cdc.model import Side
from cdc.snapshot.history import Entry, Kind, Status
from server.api.history import EntryDocument
from server.api.idempotency import once
from server.api.problem import Problem, problem_of
from server.api.route import Body, Call, Document, Query, Reply, Route, Routes, Text
from server.operations import RestoreRequest

MOST_TABLES: Final = 1_000
LONGEST_PATH: Final = 1_000


class Wait(Query):
    """Whether the answer comes when the operation has ended."""

    wait: bool | None = Field(None, description="true: answer when it is done; false: 202 at once")


class ExportBody(Body):
    """What an export holds."""

    include_history: bool = Field(default=False, description="With the history of backups")


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


class VerifyBody(Body):
    """What is compared."""

    tables: list[Text] = Field(
        [], max_length=MOST_TABLES, description="Only these; all that are synced where empty"
    )
    repair: Side | None = Field(
        None,
        description="The side whose differing rows are made equal to the other's; nothing is written without",
    )


class ExportDocument(Document):
    """A finished export."""

    id: int
    filepath: str
    size_bytes: int
    record_count: int
    sha256: str


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


class VerifyDocument(EntryDocument):
    """A finished comparison."""

    equal: bool | None
    tables: dict[str, dict[str, Any]] = Field(
        description="By table: rows on both sides, and those that differ"
    )


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


async def verify_sides(call: Call) -> Reply:
    """Compare both databases, and answer when it is done unless told otherwise."""
    wanted = call.body(VerifyBody)
    number = await call.context.operations().start_verify(
        call.identity.actor, repair=wanted.repair, tables=tuple(wanted.tables)
    )
    return await answered(call, number, _verified)


async def answered(
    call: Call,
    number: int,
    form: Callable[[Entry], Document],
    *,
    status: int = HTTPStatus.OK,
    waits: bool = True,
) -> Reply:
    """Answer for an operation that has begun.

    Args:
        call: its query is a `Wait`.
        number: the operation's.
        form: makes the document of a finished operation.
        status: of the answer when it is done.
        waits: what is done where the client does not say.

    Raises:
        Problem: the client waited, and it did not end well.
    """
    operations, wait = call.context.operations(), call.query(Wait).wait
    headers = {"Location": f"/backup/history/{number}"}
    if not (waits if wait is None else wait):
        return Reply(EntryDocument.of(await operations.entry(number)), status=202, headers=headers)
    entry = await operations.wait(number)
    found_different = entry.type is Kind.VERIFY and "equal" in entry.detail
    if entry.status in {Status.FAILED, Status.INTERRUPTED} and not found_different:
        raise _failed(entry, operations.failure(number), headers)
    return Reply(form(entry), status=status, headers=headers)


def _failed(entry: Entry, error: BaseException | None, headers: dict[str, str]) -> Problem:
    members = {"operation": entry.id}
    if entry.status is Status.INTERRUPTED:
        detail = entry.error or "the operation was interrupted"
        return Problem(409, "interrupted", detail, headers=headers, members=members)
    known = problem_of(error) if isinstance(error, Exception) else None
    if known is None:
        detail = entry.error or "the operation failed"
        return Problem(500, "operation-failed", detail, headers=headers, members=members)
    merged = {**known.headers, **headers}
    return Problem(known.status, known.code, known.detail, hint=known.hint, headers=merged, members=members)


def _exported(entry: Entry) -> ExportDocument:
    return ExportDocument(
        id=entry.id,
        filepath=entry.filepath or "",
        size_bytes=entry.size_bytes or 0,
        record_count=entry.record_count or 0,
        sha256=entry.sha256 or "",
    )


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


def _verified(entry: Entry) -> VerifyDocument:
    fields = EntryDocument.of(entry).model_dump()
    return VerifyDocument(**fields, equal=entry.detail.get("equal"), tables=entry.detail.get("tables") or {})


_BUSY: Final = {409: "Another operation runs (`operation` says which), or ENABLE_BACKUP_SERVICE=false"}
_FAILED: Final = {
    500: "It was begun and failed; `operation` is its number in the history",
    507: "There is no room for another snapshot",
}
_FILE: Final = {
    404: "The file is missing or outside BACKUP_DIR",
    422: "The file is damaged, not ours, or of another schema; or a field is not as it should be",
}

ROUTES: Routes = (
    Route(
        method="POST",
        path="/backup/trigger",
        handler=trigger_backup,
        summary="Begin a full backup",
        tag="Operations",
        answers={202: EntryDocument, 200: EntryDocument},
        refusals={**_BUSY, **_FAILED},
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
        refusals={**_BUSY, **_FAILED},
        query=Wait,
        body=ExportBody,
        changes=True,
        repeatable=True,
    ),
    Route(
        method="POST",
        path="/backup/restore",
        handler=restore_backup,
        summary="Restore a snapshot to either side, or see what that would do",
        tag="Operations",
        answers={200: RestoreDocument, 202: EntryDocument},
        refusals={**_BUSY, **_FAILED, **_FILE},
        query=Wait,
        body=RestoreBody,
        changes=True,
        repeatable=True,
    ),
    Route(
        method="POST",
        path="/backup/verify",
        handler=verify_sides,
        summary="Compare both databases; make one side right again if told to",
        tag="Operations",
        answers={200: VerifyDocument, 202: EntryDocument},
        refusals={**_BUSY, **_FAILED},
        query=Wait,
        body=VerifyBody,
        changes=True,
    ),
)
