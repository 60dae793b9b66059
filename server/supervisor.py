"""Keeps the links running: starts them, counts their failures, tries again, gives up, pauses and resumes.

A link that fails is closed and opened anew after a pause that grows. After SYNC_MAX_FAILURES failures in a
row it stops, which is logged as an alert. Where a database was away it keeps probing and goes on by itself;
after any other error it waits until somebody says `resume`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from cdc.clock import Offset
from cdc.config import Config
from cdc.engine import Engine
from cdc.link import Link
from cdc.model import Side
from cdc.stats import Figures, Stats
from server.health import Fault, Health, LinkState, classify, delay, describe
from server.problems import LINK_NAMES

CLOSE_SECONDS = 2.0
HEALTHY = 60.0
"""Seconds of work after which a failure of the referee is the first one again."""

_log = structlog.get_logger(__name__)


class Supervisor:
    """Runs the links of an engine, and the referee between them.

    Args:
        engine: whose links to run.
        limit: failures in a row after which a link stops.
        changed: called whenever something worth showing has changed.
    """

    def __init__(self, engine: Engine, *, limit: int, changed: Callable[[], None]) -> None:
        self._engine = engine
        self._links: Mapping[Side, Link] = engine.links
        self._changed = changed
        self._decisions = Config()
        self._informed = False
        self.health = {side: Health(limit) for side in self._links}
        self._turned = {side: asyncio.Event() for side in self._links}

    def decided(self, decisions: Config) -> None:
        """Take note of pauses and resumptions; acted on at once.

        A resumption from before this run is no news, and one of a link that works means nothing.
        """
        for side, health in self.health.items():
            before, after = self._decisions, decisions
            asked = self._informed and after.resumes.get(side) != before.resumes.get(side)
            resumed = asked and (health.failures > 0 or health.state is not LinkState.STREAMING)
            if resumed:
                health.forgiven()
            if resumed or (side in before.pauses) != (side in after.pauses):
                self._turned[side].set()
        self._decisions, self._informed = decisions, True

    def failed(self, error: BaseException) -> float | None:
        """Note a failure that concerns all links, before they run.

        Returns:
            Seconds until the next attempt; None: not before somebody says `resume`.
        """
        pauses: list[float | None] = []
        for side, health in self.health.items():
            self._note(side, error)
            pauses.append(None if health.gave_up else delay(health.failures, classify(error)))
        return None if None in pauses else max(pause for pause in pauses if pause is not None)

    def put(self, state: LinkState) -> None:
        """Say what all links do while the service does it for them."""
        for health in self.health.values():
            health.state = state

    def as_json(self) -> dict[str, Any]:
        """Give the links by name, as they are published."""
        return {LINK_NAMES[side]: health.as_json() for side, health in self.health.items()}

    def stats(self) -> dict[str, Stats]:
        """Give what the links, by name, have counted since they were made."""
        return {LINK_NAMES[side]: link.stats for side, link in self._links.items()}

    def failures(self) -> dict[str, int]:
        """Give how often each link, by name, has failed since the start."""
        return {LINK_NAMES[side]: health.total for side, health in self.health.items()}

    def figures(self) -> dict[Side, Figures]:
        """Give what the links measured of late."""
        now = asyncio.get_running_loop().time()
        return {side: link.stats.figures(now) for side, link in self._links.items()}

    def clocks(self, offsets: Mapping[Side, Offset]) -> None:
        """Tell the links how far their sources' clocks are ahead of ours, for their lags."""
        for side, link in self._links.items():
            if side in offsets:
                link.stats.source_ahead = offsets[side].ahead

    async def forgiven(self, seconds: float | None) -> None:
        """Wait for a decision of people about any link; `seconds` at most, without end where None."""
        turns = [asyncio.create_task(event.wait()) for event in self._turned.values()]
        try:
            await asyncio.wait(turns, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for turn in turns:
                turn.cancel()
            for event in self._turned.values():
                event.clear()

    async def run(self) -> None:
        """Run all links, and the referee, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for side in self.health:
                group.create_task(self._attend(side), name=f"link {LINK_NAMES[side]}")
            group.create_task(self._attend_referee(), name="referee")

    async def _attend(self, side: Side) -> None:
        health, turned = self.health[side], self._turned[side]
        while True:
            turned.clear()
            if side in self._decisions.pauses:
                self._show(side, LinkState.PAUSED)
                await turned.wait()
                continue
            if health.gave_up:
                await turned.wait()
                continue
            if health.state is LinkState.PAUSED:
                self._show(side, LinkState.RECONNECTING)
            error = await self._attempt(side)
            if error is not None:
                self._note(side, error)
                await _first(turned.wait(), delay(health.failures, health.fault or Fault.PASSING))

    async def _attempt(self, side: Side) -> Exception | None:
        """Run a link until it fails or people turn it. Returns the failure."""
        link = self._links[side]
        try:
            await link.open(listen=True)
            await self._follow(side, link)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is counted, shown and retried
            return error
        finally:
            await _closed(link.close())
        return None

    async def _follow(self, side: Side, link: Link) -> None:
        running = asyncio.create_task(link.run(), name=f"run {LINK_NAMES[side]}")
        turned = asyncio.create_task(self._turned[side].wait())
        moved = asyncio.create_task(link.moved.wait())
        try:
            await asyncio.wait({running, turned, moved}, return_when=asyncio.FIRST_COMPLETED)
            if link.moved.is_set() and self.health[side].succeeded():
                _log.info("link streaming", link=LINK_NAMES[side])
                self._changed()
            await asyncio.wait({running, turned}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            turned.cancel()
            moved.cancel()
            running.cancel()
            await asyncio.wait({running})
        if not running.cancelled():
            running.result()

    async def _attend_referee(self) -> None:
        """Keep the referee comparing; while a database is away the links say so."""
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                await self._engine.referee.open()
                await self._engine.referee.run()
            except Exception as error:  # noqa: BLE001 - it must go on comparing, whatever happens
                failures = 1 if asyncio.get_running_loop().time() - began > HEALTHY else failures + 1
                fault, (message, hint) = classify(error), describe(error)
                if fault is not Fault.CONNECTIVITY:
                    _log.warning("comparing failed, trying again", error=message, hint=hint, exc_info=error)
                await asyncio.sleep(delay(failures, fault))
            finally:
                await _closed(self._engine.referee.close())

    def _note(self, side: Side, error: BaseException) -> None:
        health = self.health[side]
        alert = health.failed(error, datetime.now(UTC))
        known = {"link": LINK_NAMES[side], "failures": health.failures, "error": health.error}
        worth_tracing = health.fault is Fault.PASSING and (alert or health.failures == 1)
        trace = error if worth_tracing else None
        if alert:
            _log.error("link stopped", alert=True, hint=health.hint, exc_info=trace, **known)
        elif health.state is not LinkState.STOPPED:
            _log.warning("link failed, trying again", hint=health.hint, exc_info=trace, **known)
        self._changed()

    def _show(self, side: Side, state: LinkState) -> None:
        health = self.health[side]
        if health.state is not state:
            health.state = state
            _log.info(f"link {state}", link=LINK_NAMES[side])
            self._changed()


async def _first(awaitable: Coroutine[Any, Any, Any], seconds: float) -> None:
    """Wait for something, but no longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await awaitable
    except TimeoutError:
        return


async def _closed(closing: Coroutine[Any, Any, None]) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await closing
    except Exception as error:  # noqa: BLE001 - it is given up anyway
        _log.debug("did not close cleanly", error=str(error))
