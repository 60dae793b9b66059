"""The table of all routes. A new route is one entry in its module and, for a new module, one line here."""

from __future__ import annotations

from typing import Final

from server.api import documents, login, probes, status
from server.api.route import Routes

ROUTES: Final[Routes] = (
    *status.ROUTES,
    *login.ROUTES,
    *probes.ROUTES,
    *documents.ROUTES,
)
