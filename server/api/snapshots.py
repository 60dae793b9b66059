"""Snapshot files: listed, fetched, checked, kept, removed."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web
from pydantic import Field

from cdc.model import Side
from cdc.snapshot.catalog import SnapshotInfo
from server.api.history import EntryDocument
from server.api.operations import Wait, answered
from server.api.problem import Problem
from server.api.route import Body, Call, Content, Document, Reply, Result, Route, Routes, Time

_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")


class PinBody(Body):
    """Whether it is kept whatever the retention says."""

    pinned: bool


class SnapshotDocument(Document):
    """A snapshot file."""

    name: str
    filepath: str
    type: str
    side: Side = Field(description="The database that it is of")
    created_at: Time
    size_bytes: int
    record_count: int | None
    sha256: str | None
    verified_at: Time | None = Field(description="When it was last read from end to end and found whole")
    tested_at: Time | None = Field(description="When it was last restored for trial")
    test_status: str | None
    fault: str | None = Field(description="What was wrong with it when it was last looked at")
    pinned: bool
    missing_at: Time | None = Field(description="When the file was found to be gone")
    history_id: int | None = Field(description="The operation that wrote it")

    @classmethod
    def of(cls, info: SnapshotInfo) -> SnapshotDocument:
        """Give what is known of a file its form."""
        return cls.model_validate({name: getattr(info, name) for name in cls.model_fields})


class SnapshotsDocument(Document):
    """All snapshot files, the newest first."""

    items: list[SnapshotDocument]


async def list_snapshots(call: Call) -> SnapshotsDocument:
    """List the files, after a look at what is really there."""
    found = await call.context.operations().snapshots()
    return SnapshotsDocument(items=[SnapshotDocument.of(info) for info in found])


async def read_snapshot(call: Call) -> Result:
    """Send the file; to a client that asks for JSON, what is known of it."""
    operations = call.context.operations()
    info = await operations.snapshot(call.path("name"))
    if "application/json" in call.request.headers.get(hdrs.ACCEPT, ""):
        return Reply(SnapshotDocument.of(info), headers={hdrs.VARY: hdrs.ACCEPT})
    sending = call.context.downloads
    if sending.locked():
        raise Problem(
            503,
            "too-many-downloads",
            "as many files as may be are being sent already",
            headers={"Retry-After": "30"},
        )
    async with sending:
        with operations.reading(info.name):
            return await _sent(call, info)


async def remove_snapshot(call: Call) -> Reply:
    """Remove the file for good."""
    operations, name = call.context.operations(), call.path("name")
    await operations.snapshot(name)  # what is not there is not there, whatever else runs
    await operations.remove(name)
    return Reply(None, status=HTTPStatus.NO_CONTENT)


async def pin_snapshot(call: Call) -> SnapshotDocument:
    """Keep the file whatever the retention says, or leave it to that again."""
    on = call.body(PinBody).pinned
    operations = call.context.operations()
    return SnapshotDocument.of(await operations.pin(call.path("name"), on=on, by=call.identity.actor))


async def verify_snapshot(call: Call) -> Reply:
    """Read the file from end to end, and answer when it is done unless told otherwise."""
    operations = call.context.operations()
    number = await operations.start_verify_file(call.identity.actor, call.path("name"))
    return await answered(call, number, EntryDocument.of)


async def test_snapshot(call: Call) -> Reply:
    """Restore the file for trial into a database of its own, and answer when it is done unless told otherwise."""
    operations = call.context.operations()
    number = await operations.start_restore_test(call.identity.actor, call.path("name"))
    return await answered(call, number, EntryDocument.of)


async def _sent(call: Call, info: SnapshotInfo) -> web.StreamResponse:
    store = call.context.operations().shop.store
    response = web.StreamResponse(
        headers={
            hdrs.CONTENT_TYPE: "application/gzip",
            hdrs.CONTENT_DISPOSITION: _attached(info.name),
            hdrs.VARY: hdrs.ACCEPT,
        }
    )
    if call.request.method == hdrs.METH_HEAD:
        response.content_length = info.size_bytes
        await response.prepare(call.request)
        return response
    async with store.open(info.name) as source:
        await response.prepare(call.request)
        async for part in source.chunks():
            await response.write(part)
    await response.write_eof()
    return response


def _attached(name: str) -> str:
    """Name the file for who saves it; one that somebody else put there may be called anything."""
    plain = f' filename="{name}";' if _PLAIN.fullmatch(name) else ""
    return f"attachment;{plain} filename*=UTF-8''{quote(name, safe='')}"


_NOT_FOUND: Final = {404: "There is no such file, or it is outside BACKUP_DIR"}
_ENDED: Final = {
    **_NOT_FOUND,
    409: "Another operation runs (`operation` says which), or ENABLE_BACKUP_SERVICE=false",
    422: "The file is damaged or not ours",
    500: "It was begun and failed; `operation` is its number in the history",
}

ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/snapshots",
        handler=list_snapshots,
        summary="Snapshot files, the newest first",
        tag="Snapshots",
        answers={200: SnapshotsDocument},
    ),
    Route(
        method="GET",
        path="/backup/snapshots/{name}",
        handler=read_snapshot,
        summary="The file; with `Accept: application/json` what is known of it",
        tag="Snapshots",
        answers={200: Content("application/gzip", "The file")},
        refusals=_NOT_FOUND,
    ),
    Route(
        method="DELETE",
        path="/backup/snapshots/{name}",
        handler=remove_snapshot,
        summary="Remove a snapshot for good",
        tag="Snapshots",
        answers={204: None},
        refusals={**_NOT_FOUND, 409: "It is pinned or being read, or another operation runs"},
        changes=True,
    ),
    Route(
        method="PUT",
        path="/backup/snapshots/{name}/pin",
        handler=pin_snapshot,
        summary="Keep a snapshot whatever the retention says, or no longer",
        tag="Snapshots",
        answers={200: SnapshotDocument},
        refusals=_NOT_FOUND,
        body=PinBody,
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/snapshots/{name}/verify",
        handler=verify_snapshot,
        summary="Read a snapshot from end to end",
        tag="Snapshots",
        answers={200: EntryDocument, 202: EntryDocument},
        refusals=_ENDED,
        query=Wait,
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/snapshots/{name}/test",
        handler=test_snapshot,
        summary="Restore a snapshot for trial into a database of its own",
        tag="Snapshots",
        answers={200: EntryDocument, 202: EntryDocument},
        refusals=_ENDED,
        query=Wait,
        changes=True,
    ),
)
