"""How a request answers for an operation that it began: at once, or when the operation has ended.

Operations are the service's, not the request's: a client that goes away changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from pydantic import Field

from cdc.snapshot.history import Entry, Kind, Status
from server.api.history import EntryDocument
from server.api.problem import Problem, problem_of
from server.api.route import Call, Document, Query, Reply

BUSY: Final = {409: "Another operation runs (`operation` says which), or ENABLE_BACKUP_SERVICE=false"}
FAILED: Final = {
    500: "It was begun and failed; `operation` is its number in the history",
    507: "There is no room for another snapshot",
}


class Wait(Query):
    """Whether the answer comes when the operation has ended."""

    wait: bool | None = Field(None, description="true: answer when it is done; false: 202 at once")


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
