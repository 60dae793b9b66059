"""What the service tells of itself: events to those who listen, alerts to people, a heartbeat to probes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from cdc.snapshot.history import Entry
from cdc.stats import Stats
from server.alerts.alerts import Alerts, receivers
from server.events import Hub, Kind
from server.news import Counts, Records
from server.observation import Observation
from server.operations.documents import entry_document
from server.pulse import Pulse
from server.settings import Settings
from server.shared import Shared

BEAT: Final = 0.5
"""Seconds between two beats of the heart."""
LOOK: Final = 1.0
"""Seconds for which one look serves all probes."""


class Watched(Protocol):
    """What is told about."""

    @property
    def standing_by(self) -> bool:
        """Whether another instance works, and tells."""

    async def status(self) -> dict[str, Any]:
        """Make the status document."""

    def stats(self) -> Mapping[str, Stats]:
        """Give what the links, by name, have counted since the start."""

    async def look(self) -> Observation:
        """Look at both databases."""

    def seen(self) -> Observation:
        """Give what the last look at both databases found."""


class Monitor:
    """Watches the service from inside.

    Args:
        settings: valid ones; they name who gets alerts.
        watched: the service.
        instance: host and process.
        changed: called when the alerts that are open have changed.

    Raises:
        ConfigurationError: ALERT_URLS cannot be used.
    """

    def __init__(
        self, settings: Settings, watched: Watched, *, instance: str, changed: Callable[[], None]
    ) -> None:
        self.hub = Hub()
        self.alerts = Alerts(receivers(settings), instance=instance, changed=changed)
        self._watched = watched
        self._pulse = Pulse(
            status=watched.status,
            counts=self._counts,
            conflicts=self._conflicts,
            hub=self.hub,
            seen=self._judge,
        )
        self.operations: Counter[tuple[str, str]] = Counter()
        """Operations that this process ended, by type and status."""
        self._look = Shared(watched.look, LOOK)
        self._beat: float | None = None

    def poke(self) -> None:
        """Say that something worth showing has changed."""
        self._pulse.poke()

    def noticed(self, entry: Entry) -> None:
        """Take note of an operation that begins, moves on or ends, and tell those who listen."""
        self.hub.publish(Kind.BACKUPS, entry_document(entry))
        if entry.finished_at is not None:
            self.operations[entry.type.value, entry.status.value] += 1
            self.poke()

    async def look(self) -> Observation:
        """Look at both databases, once for all who ask within a second."""
        return await self._look.get()

    def silence(self) -> float:
        """Seconds for which the heart has not beaten; 0 before it first does."""
        return 0.0 if self._beat is None else asyncio.get_running_loop().time() - self._beat

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for as long as the block lasts."""
        tasks = [
            asyncio.create_task(coroutine, name=name)
            for name, coroutine in (
                ("heart", self._live()),
                ("pulse", self._pulse.run()),
                ("alerts", self.alerts.run()),
            )
        ]
        try:
            yield
        finally:
            self.hub.close()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self._look.close()

    def _counts(self) -> Counts:
        return {link: dict(stats.tables) for link, stats in self._watched.stats().items()}

    def _conflicts(self) -> Records | None:
        conflicts = self._watched.seen().conflicts
        return None if conflicts is None else conflicts.records

    def _judge(self, status: Mapping[str, Any]) -> None:
        if not self._watched.standing_by:
            self.alerts.judge(status)

    async def _live(self) -> None:
        while True:
            self._beat = asyncio.get_running_loop().time()
            await asyncio.sleep(BEAT)
