"""`GET /metrics`: what Prometheus reads. It answers whether the databases are there or not."""

from __future__ import annotations

from typing import Final

from aiohttp import hdrs, web

from server.api.connections import ROOM, Room
from server.api.context import Context
from server.api.route import Access, Call, Content, Route, Routes
from server.metrics.measured import Measured, conflict_counts

MEDIA_TYPE: Final = "text/plain"
PARAMETERS: Final = "version=0.0.4; charset=utf-8"


async def scrape(call: Call) -> web.Response:
    """Send all metrics."""
    from server.metrics.scrape import text  # noqa: PLC0415 - slow to import, and not everybody scrapes

    headers = {hdrs.CONTENT_TYPE: f"{MEDIA_TYPE}; {PARAMETERS}"}
    return web.Response(body=text(await measure(call.context, call.request.app[ROOM])), headers=headers)


async def measure(context: Context, room: Room) -> Measured:
    """Collect what is known now: from memory, and from a look that serves all who ask."""
    service, monitor = context.service, context.service.monitor
    status = await service.status()
    seen = service.seen()
    return Measured(
        status=status,
        works=not service.standing_by,
        stats=service.stats(),
        failures=service.failures(),
        changelogs=seen.changelogs,
        conflicts=None if seen.conflicts is None else conflict_counts(seen.conflicts.records.items()),
        backups=seen.backups,
        spaces=seen.spaces,
        operations=monitor.operations,
        streams=monitor.hub.listeners,
        streams_dropped=monitor.hub.dropped,
        alerts_open=monitor.alerts.open,
        alerts_delivered=monitor.alerts.delivered,
        alerts_lost=monitor.alerts.lost,
        connections=room.connections,
        connections_refused=room.refused,
    )


ROUTES: Routes = (
    Route(
        method="GET",
        path="/metrics",
        handler=scrape,
        summary="Metrics for Prometheus; METRICS_TOKEN opens them, METRICS_PUBLIC=true needs no token",
        tag="Metrics",
        answers={200: Content(MEDIA_TYPE, "Prometheus's text format")},
        access=Access.METRICS,
        databases=False,
    ),
)
