"""`/livez`: the process is alive, no database is asked. `/readyz`: it can be sent requests, check by check.

Both are open, so they say nothing that an outsider should not know, and are cheap however often they are asked.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final, Literal

from pydantic import Field

from server.api.route import Access, Call, Document, Reply, Route, Routes
from server.readiness import LONGEST_SILENCE, Check, Standing, checks, whole

ANSWER_SECONDS: Final = 1.0
"""What the databases are given to answer; probes do not wait long themselves."""


class Alive(Document):
    """Whether the event loop runs."""

    status: Literal["ok", "stuck"]


class ReadyCheck(Document):
    """One check."""

    status: Standing
    detail: str


class Ready(Document):
    """Whether requests may be sent here. `degraded` is ready all the same."""

    status: Standing = Field(description="The worst of the checks")
    checks: dict[str, ReadyCheck]


async def livez(call: Call) -> Reply:
    """Say whether the event loop's heart beats."""
    stuck = call.context.service.monitor.silence() > LONGEST_SILENCE
    return Reply(
        Alive(status="stuck" if stuck else "ok"), HTTPStatus.SERVICE_UNAVAILABLE if stuck else HTTPStatus.OK
    )


async def readyz(call: Call) -> Reply:
    """Say whether MAIN is there and this instance does what it should."""
    service = call.context.service
    seen = None
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            seen = await service.monitor.look()
    except TimeoutError:
        pass
    found = checks(seen, "disabled" if not call.context.settings.enable_backup_service else service.phase)
    standing = whole(found)
    ready = standing is not Standing.FAILED
    document = Ready(status=standing, checks={name: _shown(check) for name, check in found.items()})
    return Reply(document, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE)


def _shown(check: Check) -> ReadyCheck:
    return ReadyCheck(status=check.status, detail=check.detail)


ROUTES: Routes = (
    Route(
        method="GET",
        path="/livez",
        handler=livez,
        summary="Whether the process is alive; no database is asked",
        tag="Health",
        answers={200: Alive, 503: Alive},
        access=Access.OPEN,
        databases=False,
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=readyz,
        summary="Whether requests may be sent here; a BACKUP that is away is degraded, not unready",
        tag="Health",
        answers={200: Ready, 503: Ready},
        access=Access.OPEN,
        databases=False,
    ),
)
