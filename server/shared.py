"""One result for all who ask at about the same time, however many they are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Shared(Generic[Result]):
    """Makes something anew only when the last one is too old, and never twice at a time.

    Args:
        make: makes it.
        seconds: how long one result serves.
    """

    def __init__(self, make: Callable[[], Awaitable[Result]], seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._made: asyncio.Task[Result] | None = None
        self._at = 0.0

    async def get(self) -> Result:
        """Give a result that was made a moment ago, or wait for the next; one who stops waiting stops nobody else.

        Raises:
            Exception: whatever making it raised; the next who asks has it made again.
        """
        now = asyncio.get_running_loop().time()
        made = self._made
        if made is None or (made.done() and (now - self._at > self._seconds or _failed(made))):
            made = self._made = asyncio.create_task(self._timed())
        return await asyncio.shield(made)

    async def close(self) -> None:
        """End what is under way."""
        if self._made is not None:
            self._made.cancel()
            await asyncio.wait({self._made})

    async def _timed(self) -> Result:
        result = await self._make()
        self._at = asyncio.get_running_loop().time()
        return result


def _failed(task: asyncio.Task[Result]) -> bool:
    return task.cancelled() or task.exception() is not None
