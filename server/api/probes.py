"""`/livez`: the process is alive. It asks no database."""

from __future__ import annotations

from typing import Literal

from server.api.route import Access, Call, Document, Route, Routes


class Alive(Document):
    """The event loop answers."""

    status: Literal["ok"] = "ok"


async def livez(_call: Call) -> Alive:
    """Say that the event loop runs."""
    return Alive()


ROUTES: Routes = (
    Route(
        method="GET",
        path="/livez",
        handler=livez,
        summary="Whether the process is alive; no database is asked",
        tag="Health",
        answers={200: Alive},
        access=Access.OPEN,
        databases=False,
    ),
)
