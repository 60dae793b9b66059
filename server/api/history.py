"""The history of operations: listed, looked up, and ended while they run."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from cdc.snapshot.history import Entry, Kind, Status
from server.api.problem import Problem
from server.api.route import Call, Document, Page, Reply, Route, Routes, Time


class EntryDocument(Document):
    """One operation."""

    id: int
    type: Kind
    status: Status
    record_count: int | None
    duration_ms: int | None
    size_bytes: int | None
    filepath: str | None
    sha256: str | None
    started_at: Time
    finished_at: Time | None
    error: str | None
    actor: str | None
    progress: dict[str, Any] | None = Field(description="How far it is, only while it runs")
    detail: dict[str, Any] = Field(description="What else there is to say, by kind")

    @classmethod
    def of(cls, entry: Entry) -> EntryDocument:
        """Give an entry its form."""
        return cls.model_validate({name: getattr(entry, name) for name in cls.model_fields})


class HistoryQuery(Page):
    """Which operations are wanted."""

    type: Kind | None = None
    status: Status | None = None


class HistoryDocument(Document):
    """A page of the history, the newest first."""

    items: list[EntryDocument]
    next_cursor: str | None


async def list_history(call: Call) -> HistoryDocument:
    """Give a page of the history."""
    wanted = call.query(HistoryQuery)
    entries, following = await call.context.operations().page(
        limit=wanted.limit, cursor=wanted.cursor, kind=wanted.type, status=wanted.status
    )
    return HistoryDocument(items=[EntryDocument.of(entry) for entry in entries], next_cursor=following)


async def read_operation(call: Call) -> EntryDocument:
    """Give one operation."""
    return EntryDocument.of(await call.context.operations().entry(number_of(call)))


async def cancel_operation(call: Call) -> Reply:
    """Ask for the end of an operation that runs."""
    operations, number = call.context.operations(), number_of(call)
    if not await operations.cancel(number, call.identity.actor):
        raise Problem(
            409,
            "not-running",
            f"operation {number} does not run any more",
            hint="Its entry says how it ended.",
        )
    return Reply(EntryDocument.of(await operations.entry(number)), status=202)


def number_of(call: Call) -> int:
    """Read the operation's number from the path.

    Raises:
        Problem: 404, it is none.
    """
    text = call.path("id")
    if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 - digits of a bigint
        raise Problem(404, "operation-not-found", "the history has no such operation")
    return int(text)


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/history",
        handler=list_history,
        summary="Operations, the newest first",
        tag="Operations",
        answers={200: HistoryDocument},
        query=HistoryQuery,
    ),
    Route(
        method="GET",
        path="/backup/history/{id}",
        handler=read_operation,
        summary="One operation, with its progress while it runs",
        tag="Operations",
        answers={200: EntryDocument},
    ),
    Route(
        method="DELETE",
        path="/backup/history/{id}",
        handler=cancel_operation,
        summary="Cancel an operation that runs",
        tag="Operations",
        answers={202: EntryDocument},
        changes=True,
    ),
)
