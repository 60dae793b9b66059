"""What the routes work with. Made once, by the process; a route asks for nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from server.api.identity import Guard
from server.api.pools import Pools
from server.api.problem import RETRY_SECONDS, Problem
from server.databases import Databases
from server.service import Service
from server.settings import Settings

Status = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Context:
    """What one process has.

    Attributes:
        settings: valid ones.
        service: the service that runs beside.
        guard: tells who asks.
        pools: connections for reading, few and with limits.
    """

    settings: Settings
    service: Service
    guard: Guard
    pools: Pools

    def databases(self) -> Databases:
        """Give both databases.

        Raises:
            Problem: 503 while they are not known: the embedded servers are still starting.
        """
        return require_started(self.service.databases)

    async def close(self) -> None:
        """Drop the connections and end what is under way."""
        await self.guard.close()
        await self.pools.close()


def require_started(databases: Databases | None) -> Databases:
    """Give what is there once the service has started.

    Raises:
        Problem: 503, it has not yet.
    """
    if databases is None:
        raise Problem(
            503,
            "starting",
            "the service is starting: its databases are not known yet",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )
    return databases


CONTEXT: web.AppKey[Context] = web.AppKey("context")
