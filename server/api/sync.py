"""Pausing and resuming the links."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cdc import config
from cdc.model import Side
from server.api.route import Body, Call, Document, Route, Routes
from server.problems import LINK_NAMES

LinkName = Literal["MAIN_TO_BACKUP", "BACKUP_TO_MAIN"]


class LinkBody(Body):
    """Which links."""

    link: LinkName | None = Field(None, description="Only this direction; both where not given")


class PausesDocument(Document):
    """Which links are paused now. Survives restarts."""

    paused: list[LinkName]


async def pause_sync(call: Call) -> PausesDocument:
    """Stop applying changes until somebody resumes; capture goes on."""
    async with call.context.pools.connection(Side.MAIN) as main:
        await config.pause(main, _sides(call), call.identity.actor)
        return _document(await config.read(main))


async def resume_sync(call: Call) -> PausesDocument:
    """Go on, and let a link that has stopped after failures try again."""
    async with call.context.pools.connection(Side.MAIN) as main:
        await config.resume(main, _sides(call), call.identity.actor)
        return _document(await config.read(main))


def _sides(call: Call) -> list[Side]:
    wanted = call.body(LinkBody).link
    return [side for side, name in LINK_NAMES.items() if wanted in (None, name)]


def _document(decided: config.Config) -> PausesDocument:
    return PausesDocument.model_validate({"paused": [LINK_NAMES[side] for side in sorted(decided.pauses)]})


ROUTES: Routes = (
    Route(
        method="POST",
        path="/backup/sync/pause",
        handler=pause_sync,
        summary="Stop applying changes; capture goes on",
        tag="Sync",
        answers={200: PausesDocument},
        body=LinkBody,
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/sync/resume",
        handler=resume_sync,
        summary="Apply changes again; lets a stopped link try again",
        tag="Sync",
        answers={200: PausesDocument},
        body=LinkBody,
        changes=True,
    ),
)
