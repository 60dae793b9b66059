"""The web application: every route of the table, behind what every request goes through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from aiohttp import hdrs, web

from server.api.connections import ROOM, Room, capacity, keep
from server.api.context import CONTEXT, Context
from server.api.dispatch import handler
from server.api.exchange import ALLOWED, add_headers, check_host, record, refuse
from server.api.routes import ROUTES

BODY_BYTES: Final = 256 * 1024
"""The largest body."""


def application(context: Context) -> web.Application:
    """Make the application; what the context holds is let go when the application ends."""
    app = web.Application(middlewares=[keep, record, refuse, check_host], client_max_size=BODY_BYTES)
    app[CONTEXT] = context
    app[ROOM] = Room(capacity())
    app[ALLOWED] = frozenset(host.strip("[]").lower() for host in context.settings.allowed_hosts)
    for route in ROUTES:
        resource = app.router.add_resource(route.path)
        handle = handler(route)
        resource.add_route(route.method, handle)
        if route.method == hdrs.METH_GET:
            resource.add_route(hdrs.METH_HEAD, handle)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_end_streams)
    app.cleanup_ctx.append(_held)
    return app


async def _end_streams(app: web.Application) -> None:
    app[CONTEXT].service.monitor.hub.close()


async def _held(app: web.Application) -> AsyncIterator[None]:
    yield
    await app[CONTEXT].close()
