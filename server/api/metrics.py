"""`GET /metrics`: what Prometheus reads. It answers whether the databases are there or not."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg
import structlog
from aiohttp import hdrs, web

from cdc.errors import CdcError
from cdc.model import Side
from cdc.session import UNREACHABLE
from server.api.context import Context
from server.api.pools import Pools
from server.api.problem import Problem
from server.api.route import Access, Call, Content, Route, Routes
from server.metrics.measured import BackupFacts, Measured, conflict_counts
from server.metrics.scrape import MEDIA_TYPE, PARAMETERS, text
from triggers.statements import statement

QUERY_SECONDS: Final = 2.0
_FAILURES: Final = (*UNREACHABLE, CdcError, Problem, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = structlog.get_logger(__name__)


async def scrape(call: Call) -> web.Response:
    """Send all metrics."""
    headers = {hdrs.CONTENT_TYPE: f"{MEDIA_TYPE}; {PARAMETERS}"}
    return web.Response(body=text(await measure(call.context)), headers=headers)


async def measure(context: Context) -> Measured:
    """Collect what is known now: from memory, from a look that serves all who ask, and with one query more."""
    service, monitor = context.service, context.service.monitor
    status, backups = await asyncio.gather(service.status(), _backups(context.pools))
    seen = service.seen()
    return Measured(
        status=status,
        works=not service.standing_by,
        stats=service.stats(),
        changelogs=seen.changelogs,
        conflicts=None if seen.conflicts is None else conflict_counts(seen.conflicts.records.items()),
        backups=backups,
        operations=monitor.operations,
        streams=monitor.hub.listeners,
        streams_dropped=monitor.hub.dropped,
        alerts_open=monitor.alerts.open,
        alerts_delivered=monitor.alerts.delivered,
        alerts_lost=monitor.alerts.lost,
    )


async def _backups(pools: Pools) -> BackupFacts | None:
    try:
        async with asyncio.timeout(QUERY_SECONDS), pools.connection(Side.MAIN) as connection:
            row = await connection.fetchrow(statement("metrics_backups", "server"))
    except _FAILURES as error:
        _log.debug("metrics without snapshots", error=str(error))
        return None
    return None if row is None else BackupFacts(**row)


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
