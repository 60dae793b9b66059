"""What the service tells of itself: events to those who listen, alerts to people, a heartbeat to probes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import structlog

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

_log = structlog.get_logger(__name__)


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
            met=lambda: sum(stats.conflicts for stats in watched.stats().values()),
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
        works = {"heart": self._live, "pulse": self._pulse.run, "alerts": self.alerts.run}
        tasks = [asyncio.create_task(_kept_up(work), name=name) for name, work in works.items()]
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

    def _judge(self, status: Mapping[str, Any]) -> bool:
        if self._watched.standing_by:
            return False
        self.alerts.judge(status)
        return self.alerts.pending

    async def _live(self) -> None:
        while True:
            self._beat = asyncio.get_running_loop().time()
            await asyncio.sleep(BEAT)


async def _kept_up(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run something that never ends by itself, whatever happens to it."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - who watches must not be the first to fall
            _log.error("watching failed, beginning again", error=str(error), exc_info=error)
        await asyncio.sleep(BEAT)
