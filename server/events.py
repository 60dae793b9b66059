"""What happens, told to everyone who listens, without ever waiting for one of them.

An event is encoded once and put into a bounded queue of each listener. A listener whose queue is full gets a
last event that says so and is dropped; it may come back and name the last event it had, and gets what it missed
from a bounded memory. Where that does not reach back far enough it is told to read everything anew (`resync`).
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import orjson

from cdc.errors import CdcError

REMEMBERED: Final = 1_000
REMEMBERED_BYTES: Final = 4 * 1024 * 1024
"""What is kept for listeners that come back: events, and bytes of them all together."""
WAITING: Final = 200
"""Events that one listener may be behind."""
LISTENERS: Final = 500
"""Listeners at a time."""


class Kind(StrEnum):
    """What an event is about. The last two are the stream's own: `resync` and `dropped`."""

    STATUS = "status"
    CHANGES = "changes"
    CONFLICTS = "conflicts"
    BACKUPS = "backups"
    RESYNC = "resync"
    DROPPED = "dropped"


class TooManyListeners(CdcError):
    """As many listen as may."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `data` is its JSON; `id` is empty where a listener must not come back to it."""

    id: str
    kind: Kind
    data: bytes


@dataclass(slots=True, eq=False)
class Listener:
    """One who listens. `ended` says that nothing will come any more: it was dropped, or the hub was closed."""

    waiting: deque[Event] = field(default_factory=deque)
    ended: bool = False
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def give(self, event: Event) -> bool:
        """Put an event into the queue. Returns False where the listener is too slow; it gets no more then."""
        if len(self.waiting) >= WAITING:
            self.waiting.clear()
            self.waiting.append(_own(Kind.DROPPED, {"reason": f"more than {WAITING} events behind"}))
            self.end()
            return False
        self.waiting.append(event)
        self._more.set()
        return True

    def end(self) -> None:
        """Nothing comes after what waits already."""
        self.ended = True
        self._more.set()

    async def take(self, seconds: float) -> list[Event]:
        """Give what waits, as soon as something does; nothing after `seconds` without, and once it has ended."""
        if not self.waiting and not self.ended:
            self._more.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._more.wait()
        events = [*self.waiting]
        self.waiting.clear()
        return events


class Hub:
    """Takes events from the service and gives them to all listeners."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(4)
        self._number = 0
        self._memory: deque[Event] = deque()
        self._size = 0
        self._last_status: Event | None = None
        self._listeners: set[Listener] = set()
        self._closed = False
        self.dropped = 0
        """Listeners dropped because they were too slow, since the start."""

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def publish(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell everyone. Never waits, and never fails because of a listener.

        Args:
            kind: status, changes, conflicts or backups.
            data: anything that JSON can hold.
        """
        if self._closed:
            return
        self._number += 1
        event = Event(f"{self._run}-{self._number}", Kind(kind), orjson.dumps(data, default=str))
        self._remember(event)
        slow = [listener for listener in self._listeners if not listener.give(event)]
        self._listeners.difference_update(slow)
        self.dropped += len(slow)

    def subscribe(self, last_id: str | None = None) -> Listener:
        """Begin to listen.

        Args:
            last_id: the last event that was got before, to go on after it. Without one, and where it is too
                long ago, the listener begins with the last status.

        Raises:
            TooManyListeners: as many listen as may.
        """
        if len(self._listeners) >= LISTENERS:
            raise TooManyListeners(
                f"{LISTENERS} clients listen to events already",
                hint="Close some of them, or ask /backup/status instead.",
            )
        listener = Listener()
        if self._closed:
            listener.end()
            return listener
        missed = self._after(last_id) if last_id else None
        if last_id and missed is None:
            listener.waiting.append(_own(Kind.RESYNC, {"reason": "events were missed; read everything anew"}))
        if missed is not None:
            listener.waiting.extend(missed)
        elif self._last_status is not None:
            listener.waiting.append(self._last_status)
        self._listeners.add(listener)
        return listener

    def unsubscribe(self, listener: Listener) -> None:
        """Stop listening."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams, those to come included."""
        self._closed = True
        for listener in self._listeners:
            listener.end()
        self._listeners.clear()

    def _remember(self, event: Event) -> None:
        self._memory.append(event)
        self._size += len(event.data)
        while len(self._memory) > REMEMBERED or self._size > REMEMBERED_BYTES:
            self._size -= len(self._memory.popleft().data)
        if event.kind is Kind.STATUS:
            self._last_status = event

    def _after(self, last_id: str) -> list[Event] | None:
        """Give what came after an event; None where that is not known any more, or too much for one queue."""
        run, _, number = last_id.partition("-")
        if (
            run != self._run
            or not number.isascii()
            or not number.isdecimal()
            or len(number) > len(str(2**63))
        ):
            return None
        behind = self._number - int(number)
        if not 0 <= behind <= min(len(self._memory), WAITING):
            return None
        return [*self._memory][len(self._memory) - behind :]


def _own(kind: Kind, data: Mapping[str, Any]) -> Event:
    return Event("", kind, orjson.dumps(data))
