"""What the routes work with. Made once, by the process; a route asks for nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiohttp import web

from server.api.identity import Guard
from server.api.pools import Pools
from server.api.problem import RETRY_SECONDS, Problem
from server.api.row_counts import RowCounts
from server.databases import Databases
from server.operations.operations import Operations
from server.service import Service
from server.settings import Settings

DECISIONS: Final = 2
DOWNLOADS: Final = 4
"""At a time."""

Started = TypeVar("Started")


@dataclass(frozen=True, slots=True)
class Context:
    """What one process has.

    Attributes:
        settings: valid ones.
        service: the service that runs beside.
        guard: tells who asks.
        pools: connections for reading, few and with limits.
        rows: counts the tables' rows.
        decisions: room for decisions on conflicts; each has connections of its own.
        downloads: room for files that are being sent.
    """

    settings: Settings
    service: Service
    guard: Guard
    pools: Pools
    rows: RowCounts
    decisions: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DECISIONS))
    downloads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(DOWNLOADS))

    def databases(self) -> Databases:
        """Give both databases.

        Raises:
            Problem: 503 while they are not known: the embedded servers are still starting.
        """
        return require_started(self.service.databases)

    def operations(self) -> Operations:
        """Give what runs backups, restores and checks.

        Raises:
            Problem: 503 while the service has not started.
        """
        return require_started(self.service.operations)

    async def close(self) -> None:
        """Drop the connections and end what is under way."""
        await self.guard.close()
        await self.pools.close()


def require_started(started: Started | None) -> Started:
    """Give what is there once the service has started.

    Raises:
        Problem: 503, it has not yet.
    """
    if started is None:
        raise Problem(
            503,
            "starting",
            "the service is starting: its databases are not known yet",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    return started


CONTEXT: web.AppKey[Context] = web.AppKey("context")
IDENTIFIER: web.RequestKey[str] = web.RequestKey("identifier", str)
"""The request's id."""
