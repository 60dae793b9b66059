"""Refusals as RFC 9457 problem documents, and what each error of ours is to somebody who asks by HTTP.

No document holds SQL or a connection URL: messages of ours name the thing, errors of PostgreSQL that nobody
foresaw are logged with the request's id and answered with that id alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import asyncpg
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cdc.errors import (
    CdcError,
    ConfigurationError,
    ConflictMoved,
    ConflictNotFound,
    ConnectivityError,
    InstallRefused,
    MergeIncomplete,
    PositionBusy,
    PositionMoved,
    ResolutionRefused,
    SchemaMismatch,
)
from cdc.snapshot.errors import (
    SnapshotDamaged,
    SnapshotForeign,
    SnapshotNotFound,
    SnapshotRefused,
    StoreError,
    StoreFull,
)
from server.operations.errors import OperationBusy, OperationNotFound, OperationsDisabled, SnapshotPinned
from server.redaction import redact

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = 5
"""What Retry-After says where a database is away."""
SHOWN_FAULTS: Final = 20

_STATUSES: Mapping[type[BaseException], tuple[int, str]] = {
    ConflictNotFound: (404, "conflict-not-found"),
    ConflictMoved: (409, "conflict-moved"),
    ResolutionRefused: (422, "resolution-refused"),
    PositionBusy: (409, "busy"),
    PositionMoved: (409, "busy"),
    InstallRefused: (409, "not-installed"),
    ConnectivityError: (503, "database-away"),
    SchemaMismatch: (422, "schema-mismatch"),
    ConfigurationError: (422, "invalid"),
    OperationBusy: (409, "operation-runs"),
    OperationsDisabled: (409, "disabled"),
    OperationNotFound: (404, "operation-not-found"),
    SnapshotPinned: (409, "snapshot-pinned"),
    SnapshotNotFound: (404, "snapshot-not-found"),
    SnapshotDamaged: (422, "snapshot-damaged"),
    SnapshotForeign: (422, "snapshot-foreign"),
    SnapshotRefused: (422, "snapshot-refused"),
    StoreFull: (507, "store-full"),
    StoreError: (503, "store-away"),
    asyncpg.LockNotAvailableError: (409, "busy"),
    asyncpg.UndefinedTableError: (503, "not-installed"),
    asyncpg.InvalidSchemaNameError: (503, "not-installed"),
    asyncpg.QueryCanceledError: (503, "too-slow"),
}
_DETAILS: Mapping[str, str] = {
    "busy": "a row or table that is needed is locked by an application",
    "not-installed": "schema cdc is not installed, or of another version",
    "too-slow": "the database took too long to answer",
}


class FieldFault(BaseModel):
    """One field that is not as it should be."""

    model_config = ConfigDict(defer_build=True)

    field: str = Field(description="The field's name, with its place in the body where it is nested")
    detail: str


class ProblemDocument(BaseModel):
    """RFC 9457: why a request was refused. More members may follow, as the detail says."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str = Field(description="Names the kind of problem; does not change between releases")
    hint: str | None = Field(None, description="What to do next")
    requestId: str | None = Field(None, description="Also in the log")  # noqa: N815 - as it is sent
    errors: list[FieldFault] | None = None


class Problem(Exception):
    """A request that is refused.

    Args:
        status: the HTTP status.
        code: names the kind, for programs.
        detail: what is wrong, for people.
        hint: what to do next.
        headers: go with the answer.
        members: further members of the document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        hint: str = "",
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.hint = hint
        self.headers = dict(headers or {})
        self.members = dict(members or {})

    def document(self, request_id: str | None) -> dict[str, Any]:
        """Give the document's members."""
        found = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": redact(self.detail),
            "code": self.code,
            "hint": redact(self.hint) or None,
            "requestId": request_id,
        }
        return {name: value for name, value in {**found, **self.members}.items() if value is not None}


def problem_of(error: Exception) -> Problem | None:
    """Tell what an error is to the one who asked; None where it is a fault of this program."""
    if isinstance(error, Problem):
        return error
    for kind in type(error).__mro__:
        if kind in _STATUSES:
            status, code = _STATUSES[kind]
            break
    else:
        if not isinstance(error, CdcError):
            return None
        status, code = 409, "refused"
    detail, hint = (str(error), error.hint) if isinstance(error, CdcError) else (_DETAILS[code], "")
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Problem(status, code, detail, hint=hint, headers=headers, members=_members(error))


def _members(error: Exception) -> dict[str, Any]:
    match error:
        case OperationBusy(running=int(running)):
            return {"operation": running}
        case MergeIncomplete():
            missing = [FieldFault(field=f"values.{name}", detail="is needed") for name in error.missing]
            return {"missing": [*error.missing], "errors": [fault.model_dump() for fault in missing]}
        case _:
            return {}


def invalid(error: ValidationError) -> Problem:
    """Make a refusal that names the fields. A body that is no JSON is refused as such."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if any(fault["type"] == "json_invalid" for fault in faults):
        return Problem(400, "malformed", f"the body is not JSON: {faults[0]['msg'].partition(': ')[2]}")
    named = [_fault(fault["loc"], fault["msg"]) for fault in faults[:SHOWN_FAULTS]]
    return refused_fields(named)


def refused_fields(faults: Sequence[FieldFault]) -> Problem:
    """Make a refusal of fields."""
    detail = "; ".join(f"{fault.field}: {fault.detail}" if fault.field else fault.detail for fault in faults)
    return Problem(422, "invalid", detail, members={"errors": [fault.model_dump() for fault in faults]})


def _fault(place: Sequence[int | str], message: str) -> FieldFault:
    field = ".".join(str(step) for step in place)
    return FieldFault(
        field=field, detail=message.removeprefix("Value error, ").replace("Input should", "should")
    )
