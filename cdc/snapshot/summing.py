"""Checksums that another thread makes, in the order given, while the work goes on."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

_WAITING: Final = 16
"""So many pieces may wait to be summed up."""


class Summing:
    """Makes one SHA-256 after the other. Use as `with`."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="snapshot-sum")
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._digest = hashlib.sha256()

    def __enter__(self) -> Self:
        """Nothing is begun yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the thread back."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def add(self, data: bytes | memoryview) -> None:
        """Add bytes, which must stay as they are."""
        loop = asyncio.get_running_loop()
        self._waiting.append(loop.run_in_executor(self._thread, self._digest.update, data))
        if len(self._waiting) > _WAITING:
            await self._waiting.popleft()

    async def result(self) -> str:
        """The sum of what was added, in hexadecimal; the next one begins."""
        while self._waiting:
            await self._waiting.popleft()
        done, self._digest = self._digest.hexdigest(), hashlib.sha256()
        return done
