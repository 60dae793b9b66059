"""`GET /backup/events`: what happens, as server-sent events.

A client that does not read is not waited for: its events are dropped first, then its connection. A stream ends with
the token that opened it, and at once when the service ends; browsers come back by themselves and say where they were.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from aiohttp import hdrs, web

from server.api.problem import RETRY_SECONDS, Problem
from server.api.route import Call, Content, Route, Routes
from server.events import Event, Listener, TooManyListeners

HEARTBEAT: Final = 15.0
"""Seconds without an event after which a comment is sent, so that nobody takes the stream for dead."""
WRITE_SECONDS: Final = 10.0
"""What a client may take to accept what is sent."""
LONGEST: Final = 3600.0
"""Seconds after which a stream ends, so that the client shows again that it may have it."""
RECONNECT_MS: Final = 2000
MEDIA_TYPE: Final = "text/event-stream"
LAST_ID: Final = "Last-Event-ID"
HEADERS: Final = {hdrs.CONTENT_TYPE: MEDIA_TYPE, hdrs.CACHE_CONTROL: "no-store", "X-Accel-Buffering": "no"}
_OPENING: Final = b"retry: %d\n\n" % RECONNECT_MS
_BEAT: Final = b": still here\n\n"


def frame(event: Event) -> bytes:
    """Write an event as the stream has it."""
    identifier = f"id: {event.id}\n" if event.id else ""
    return f"{identifier}event: {event.kind}\ndata: ".encode() + event.data + b"\n\n"


async def follow_events(call: Call) -> web.StreamResponse:
    """Send events until the client goes away, its right ends, or the service does.

    Raises:
        Problem: 503 where as many listen as may.
    """
    if call.request.method == hdrs.METH_HEAD:
        return web.Response(headers=HEADERS)
    hub = call.context.service.monitor.hub
    try:
        listener = hub.subscribe(call.request.headers.get(LAST_ID))
    except TooManyListeners as error:
        headers = {"Retry-After": str(RETRY_SECONDS)}
        raise Problem(503, "too-many-listeners", str(error), hint=error.hint, headers=headers) from None
    response = web.StreamResponse(headers=HEADERS)
    try:
        await response.prepare(call.request)
        await _send(response, listener, _seconds(call.identity.expires))
    except (TimeoutError, ConnectionError):
        if call.request.transport is not None:
            call.request.transport.abort()
    finally:
        hub.unsubscribe(listener)
    return response


async def _send(response: web.StreamResponse, listener: Listener, seconds: float) -> None:
    """Send until there is nothing more to come, or `seconds` are over.

    Raises:
        TimeoutError: the client does not read.
        ConnectionError: it has gone.
    """
    await _write(response, _OPENING)
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        events = await listener.take(min(HEARTBEAT, left))
        if not events and listener.ended:
            return
        await _write(response, b"".join(map(frame, events)) or _BEAT)


async def _write(response: web.StreamResponse, content: bytes) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(content)


def _seconds(expires: float | None) -> float:
    return LONGEST if expires is None else min(LONGEST, max(expires - time.time(), 0.0))


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/events",
        handler=follow_events,
        summary="What happens, as it happens: status, counts of applied changes, conflicts, backups",
        tag="Events",
        answers={200: Content(MEDIA_TYPE, "Server-sent events; Last-Event-ID brings back what was missed")},
        refusals={503: "As many clients listen as may, or the issuer's keys cannot be had"},
        databases=False,
    ),
)
