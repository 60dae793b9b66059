"""Who changed what over HTTP: noted before a request is carried out, and again when it has ended.

A row that cannot be written keeps nobody from working: the log has the same, under the request's id.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import orjson
import structlog
from aiohttp import hdrs
from pydantic import Field

from cdc.errors import CdcError
from cdc.model import Side
from server.api.identity import Way
from server.api.paging import decode, encode
from server.api.problem import problem_of
from server.api.route import Call, Document, Page, Reply, Result, Route, Routes, Text, Time
from server.redaction import redact
from triggers.statements import statement

KEPT: Final = 100_000
"""Rows that are kept."""
LONGEST_BODY: Final = 8_000
LONGEST_TEXT: Final = 2_000

_log = structlog.get_logger("server.api.audit")


class AuditQuery(Page):
    """What is wanted."""

    actor: Text | None = Field(None, max_length=200)


class AuditEntry(Document):
    """One changing request. `status` is null where the process ended before the request did."""

    id: int
    at: Time
    actor: str
    way: Way
    client: str
    method: str
    path: str
    body: dict[str, Any] | None
    request_id: str
    status: int | None
    result: str | None = Field(description="done, accepted, or the code of the problem")
    detail: str | None


class AuditDocument(Document):
    """A page of the audit log, the newest first."""

    items: list[AuditEntry]
    next_cursor: str | None


async def audited(call: Call, identifier: str, work: Callable[[], Awaitable[Result]]) -> Result:
    """Carry out a changing request, and note who asked for what and what came of it.

    Args:
        call: the request.
        identifier: its id.
        work: carries it out.
    """
    row = await _begun(call, identifier)
    try:
        result = await work()
    except Exception as error:
        problem = problem_of(error)
        if problem is None:
            await _ended(call, row, 500, "internal", type(error).__name__)
        else:
            await _ended(call, row, problem.status, problem.code, redact(problem.detail))
        raise
    status = result.status if isinstance(result, Reply) else 200
    where = result.headers.get(hdrs.LOCATION) if isinstance(result, Reply) else None
    await _ended(call, row, status, "accepted" if status == 202 else "done", where)  # noqa: PLR2004 - Accepted
    return result


async def read_audit(call: Call) -> AuditDocument:
    """Give a page of the audit log."""
    wanted = call.query(AuditQuery)
    place = decode(wanted.cursor, int)
    async with call.context.pools.connection(Side.MAIN) as main:
        rows = await main.fetch(
            statement("audit_page", "server"), place and place[0], wanted.actor, wanted.limit + 1
        )
    items = [_entry(row) for row in rows[: wanted.limit]]
    return AuditDocument(
        items=items, next_cursor=encode([items[-1].id]) if len(rows) > wanted.limit else None
    )


async def _begun(call: Call, identifier: str) -> int | None:
    request, identity = call.request, call.identity
    values = (identity.actor, identity.way, identity.client, request.method, request.path[:LONGEST_TEXT])
    found: int | None = await _write(call, "audit_begin", *values, _body(call), identifier, KEPT)
    return found


async def _ended(call: Call, row: int | None, status: int, result: str, detail: str | None) -> None:
    identity = call.identity
    _log.info(
        "changed",
        actor=identity.actor,
        way=identity.way.value,
        client=identity.client,
        method=call.request.method,
        path=call.request.path,
        status=status,
        result=result,
    )
    if row is not None:
        text = None if detail is None else detail.replace("\0", "")[:LONGEST_TEXT]
        await _write(call, "audit_end", row, status, result, text)


async def _write(call: Call, name: str, *values: object) -> Any:
    try:
        async with call.context.pools.connection(Side.MAIN) as main:
            return await main.fetchval(statement(name, "server"), *values)
    except (CdcError, asyncpg.PostgresError) as error:
        _log.warning("the audit log could not be written", error=str(error))
        return None


def _body(call: Call) -> str | None:
    """Give what was asked for as JSON, without what was left out."""
    asked = call.content.model_dump_json(by_alias=True, exclude_unset=True)
    return asked if asked != "{}" and len(asked) <= LONGEST_BODY else None


def _entry(row: asyncpg.Record) -> AuditEntry:
    body = row["body"]
    return AuditEntry(**{**row, "body": None if body is None else orjson.loads(body)})


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/audit",
        handler=read_audit,
        summary="Who changed what over HTTP, the newest first",
        tag="Settings",
        answers={200: AuditDocument},
        query=AuditQuery,
    ),
)
