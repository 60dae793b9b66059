"""Wakes a link when its source has something. A wake-up is not data, and none can be lost.

A transaction that sends NOTIFY takes an instance-wide lock at its commit, so writers notify only while the
listener sleeps. Asleep, it holds a session advisory lock; a writer that cannot share the lock notifies. While
the lock is merely requested, PostgreSQL refuses it to newcomers as well, so from the request on every new
writer notifies, and those who were let in before have ended when the lock is granted.
"""

from __future__ import annotations

import asyncio
import contextlib
from enum import Enum, auto
from typing import Final

from cdc.errors import ConnectivityError
from cdc.session import UNREACHABLE, Connection, Endpoint, connect
from triggers.statements import statement

CHANNEL: Final = "cdc_wake"
GRANT_WAIT_S: Final = 0.01
"""How long a fresh request for the lock is waited for before the listener goes on half asleep."""
DOZE_S: Final = 0.05
"""Poll while writers that were let in before still run: they will not notify."""
LONGEST_DOZE_S: Final = 1.0
POLL_WITHOUT_NOTIFY_S: Final = 0.5
"""Poll where prepared transactions are possible, since those refuse NOTIFY."""


class State(Enum):
    """How awake a listener is."""

    AWAKE = auto()
    DOZING = auto()
    ASLEEP = auto()


class Listener:
    """Two sessions on the source: one listens, one holds the lock (a blocked session hears nothing)."""

    def __init__(self, endpoint: Endpoint, *, interval_s: float) -> None:
        """Take the source and the fallback poll in seconds."""
        self._endpoint = endpoint
        self._interval_s = interval_s
        self._heard = asyncio.Event()
        self._ear: Connection | None = None
        self._lock: Connection | None = None
        self._request: asyncio.Task[None] | None = None
        self._doze_s = DOZE_S
        self.state = State.AWAKE

    async def open(self) -> None:
        """Connect and listen.

        Raises:
            ConnectivityError: the source cannot be reached.
        """
        self._ear = await connect(self._endpoint, "listener")
        self._lock = await connect(self._endpoint, "sleep lock")
        for connection in (self._ear, self._lock):
            # Without the lock nobody would notify any more.
            connection.add_termination_listener(lambda _: self._heard.set())
        await self._ear.add_listener(CHANNEL, lambda *_: self._heard.set())
        if int(await self._ear.fetchval("SHOW max_prepared_transactions")) > 0:
            self._interval_s = min(self._interval_s, POLL_WITHOUT_NOTIFY_S)

    async def close(self) -> None:
        """Drop both sessions; the lock goes with its session."""
        if self._request is not None:
            self._request.cancel()
            with contextlib.suppress(asyncio.CancelledError, *UNREACHABLE):
                await self._request
        for connection in (self._ear, self._lock):
            if connection is not None:
                connection.terminate()
        self._ear = self._lock = self._request = None
        self.state = State.AWAKE

    def nudge(self) -> None:
        """Wake the waiting link from inside this process."""
        self._heard.set()

    async def fall_asleep(self) -> bool:
        """Go one step towards sleep. True: the source must be read once more before waiting."""
        if self.state is State.ASLEEP:
            return False
        if self.state is State.DOZING:
            return self._granted()
        self._heard.clear()
        self._request = asyncio.create_task(self._take())
        self.state = State.DOZING
        self._doze_s = DOZE_S
        await asyncio.wait({self._request}, timeout=GRANT_WAIT_S)
        self._granted()
        return True

    async def wake(self) -> None:
        """Let writers pass without notifying, because the link reads continuously anyway."""
        if self.state is State.ASLEEP and self._lock is not None:
            await self._lock.execute(statement("listener_wake", "cdc"))
            self.state = State.AWAKE

    async def wait(self, timeout_s: float | None = None) -> None:
        """Wait until something may have been written, or the poll is due.

        Raises:
            ConnectivityError: a session was cut; nothing would be heard any more.
        """
        if self._ear is None or self._ear.is_closed() or self._lock is None or self._lock.is_closed():
            raise ConnectivityError(f"{self._endpoint.side}: the listener's session was cut")
        limit = self._interval_s if timeout_s is None else min(timeout_s, self._interval_s)
        waits: set[asyncio.Task[object]] = {asyncio.create_task(self._heard.wait())}
        listening = set(waits)
        if self.state is State.DOZING and self._request is not None:
            limit = min(limit, self._doze_s)
            self._doze_s = min(self._doze_s * 2, LONGEST_DOZE_S)
            waits.add(self._request)
        try:
            await asyncio.wait(waits, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in listening:
                task.cancel()
        self._heard.clear()

    async def _take(self) -> None:
        if self._lock is not None:
            await self._lock.execute(statement("listener_sleep", "cdc"))

    def _granted(self) -> bool:
        if self._request is None or not self._request.done():
            return False
        self._request.result()
        self._request = None
        self.state = State.ASLEEP
        return True
