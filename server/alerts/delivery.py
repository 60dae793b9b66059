"""Messages on their way: a bounded queue for each receiver, and attempts until one is taken.

Whoever puts a message in goes on at once. A receiver that is slow or dead costs its own queue and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

import structlog
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_delay,
    wait_random_exponential,
)

from server.alerts.message import Message
from server.alerts.receiver import NotDelivered, Receiver

WAITING: Final = 100
"""Messages that wait for one receiver; the oldest goes when there are more."""
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 300.0
GIVE_UP: Final = 3600.0
"""Seconds: between attempts at first and at most, and until a message is given up."""

_log = structlog.get_logger(__name__)


class Delivery:
    """Brings messages to one receiver, in order."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._waiting: deque[Message] = deque()
        self._more = asyncio.Event()
        self.delivered = 0
        self.lost = 0
        """Messages that were taken, and those that were given up or had to make room."""

    def put(self, message: Message) -> None:
        """Have a message delivered."""
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.lost += 1
            _log.warning("alert lost: too many wait", receiver=self._receiver.name, waiting=WAITING)
        self._waiting.append(message)
        self._more.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            while self._waiting:
                await self._deliver(self._waiting.popleft())
            self._more.clear()
            await self._more.wait()

    async def _deliver(self, message: Message) -> None:
        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_delay(GIVE_UP),
                wait=wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
                retry=retry_if_exception(_worth_another),
                reraise=True,
            ):
                with attempt:
                    if attempt.retry_state.attempt_number == 2:  # noqa: PLR2004 - once is enough to say it
                        _log.warning("alert not delivered, trying again", receiver=self._receiver.name)
                    await self._receiver.deliver(message)
        except Exception as error:  # noqa: BLE001 - whatever a receiver does stays its own trouble
            self.lost += 1
            hint = getattr(error, "hint", "")
            _log.error("alert lost", receiver=self._receiver.name, error=str(error), hint=hint)
        else:
            self.delivered += 1


def _worth_another(error: BaseException) -> bool:
    return isinstance(error, NotDelivered) and not error.final


async def attend(deliveries: Sequence[Delivery]) -> None:
    """Run all deliveries until cancelled."""
    async with asyncio.TaskGroup() as group:
        for delivery in deliveries:
            group.create_task(delivery.run(), name="alerts")
