"""Looks how things are, now and then, and tells those who want to know.

While somebody listens to events both databases are looked at once a second, otherwise only as often as alerts and
readiness need it: idling must cost next to nothing. What links have applied is counted in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from server import news
from server.events import Hub, Kind
from server.news import Counts, Records

EVERY: Final = 1.0
"""Seconds between two looks while somebody listens, and between two events about applied changes."""
SELDOM: Final = 30.0
"""Seconds between two looks while nobody listens."""
SOON: Final = 5.0
"""Seconds between two looks while something is about to be told."""
SHORTEST: Final = 0.5
"""Seconds between two looks, whatever happens."""

_log = structlog.get_logger(__name__)


class Pulse:
    """Publishes what has changed.

    Args:
        status: makes the status document.
        counts: gives what the links have applied so far.
        met: gives how many conflicts the links have met so far.
        conflicts: gives the open conflicts as they were at the last look, None where they are not known.
        hub: who is told.
        seen: called with each status document. Returns whether it wants the next one soon.
    """

    def __init__(
        self,
        *,
        status: Callable[[], Awaitable[dict[str, Any]]],
        counts: Callable[[], Counts],
        met: Callable[[], int],
        conflicts: Callable[[], Records | None],
        hub: Hub,
        seen: Callable[[dict[str, Any]], bool],
    ) -> None:
        self._status = status
        self._counts = counts
        self._met = met
        self._conflicts = conflicts
        self._hub = hub
        self._seen = seen
        self._poked = asyncio.Event()
        self._told: dict[str, Any] | None = None
        self._open: Records | None = None
        self._soon = False

    def poke(self) -> None:
        """Say that something has changed; looked at within a second."""
        self._poked.set()

    async def run(self) -> None:
        """Look and tell until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._count(), name="changes")
            group.create_task(self._look_often(), name="pulse")

    async def look(self) -> None:
        """Look once and tell what is new."""
        found = await self._status()
        self._soon = self._seen(found)
        essence = news.essence(found)
        if essence != self._told:
            self._told = essence
            self._hub.publish(Kind.STATUS, found)
        records = self._conflicts()
        if records is not None:
            if self._open is not None and (data := news.conflicts(self._open, records)):
                self._hub.publish(Kind.CONFLICTS, data)
            self._open = records

    async def _look_often(self) -> None:
        while True:
            self._poked.clear()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the next look may go well
                _log.warning("looking at both databases failed", error=str(error), exc_info=error)
            await asyncio.sleep(SHORTEST)
            await self._pause()

    async def _pause(self) -> None:
        """Wait for a poke, or until it is time: sooner while somebody listens."""
        waited = SHORTEST
        while waited < (EVERY if self._hub.listeners else SOON if self._soon else SELDOM):
            try:
                # Not wait_for: before Python 3.12 a cancellation that met the poke would be lost.
                async with asyncio.timeout(EVERY - SHORTEST):
                    await self._poked.wait()
            except TimeoutError:
                waited += EVERY - SHORTEST
            else:
                return

    async def _count(self) -> None:
        before, met = self._counts(), self._met()
        while True:
            await asyncio.sleep(EVERY)
            after = self._counts()
            if links := news.applied(before, after):
                self._hub.publish(Kind.CHANGES, {"links": links})
            if self._met() > met:
                self.poke()
            before, met = after, self._met()
