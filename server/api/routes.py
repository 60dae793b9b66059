"""The table of all routes. A new route is one entry in its module and, for a new module, one line here."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from server.api import (
    audit,
    backups,
    comparison,
    conflicts,
    decisions,
    documents,
    events,
    history,
    login,
    metrics,
    policies,
    probes,
    records,
    restores,
    settings,
    snapshots,
    stats,
    status,
    sync,
    tables,
)
from server.api.assets import asset_routes
from server.api.route import Routes

ROUTES: Final[Routes] = (
    *status.ROUTES,
    *stats.ROUTES,
    *backups.ROUTES,
    *restores.ROUTES,
    *comparison.ROUTES,
    *history.ROUTES,
    *snapshots.ROUTES,
    *conflicts.ROUTES,
    *decisions.ROUTES,
    *records.ROUTES,
    *policies.ROUTES,
    *tables.ROUTES,
    *sync.ROUTES,
    *settings.ROUTES,
    *audit.ROUTES,
    *events.ROUTES,
    *metrics.ROUTES,
    *login.ROUTES,
    *probes.ROUTES,
    *documents.ROUTES,
    *asset_routes(files("server.dashboard"), "", index="index.html", tag="Dashboard"),
)
