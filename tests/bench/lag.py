"""How long a commit on one side takes to be seen on the other."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from tests.bench.rig import Connection, connected
from tests.bench.subject import PACKAGE
from triggers.statements import statement

_EVERY = 0.020  # seconds between two commits
_POLL = 0.0005  # seconds between two looks at the other side
_GRACE = 30.0  # seconds that the last change may take


def percentile(values: list[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass(slots=True)
class Race:
    """A steady writer on one side and an eager reader on the other.

    Lag is the age of the written clock_timestamp() when the row is first seen: the commit itself is in it,
    and so is the reader's own round trip, which the run with both ends on one server shows.
    """

    writer: Connection
    reader: Connection
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    waiting: set[int] = field(default_factory=set)
    lags: list[float] = field(default_factory=list)
    written: bool = False

    async def run(self, first: int, count: int) -> list[float]:
        """Update `count` accounts from id `first` on, one each 20 ms; return the lags in milliseconds.

        Raises:
            TimeoutError: a change was not seen 30 seconds after the last was written.
        """
        async with asyncio.timeout(count * _EVERY * 2 + _GRACE), asyncio.TaskGroup() as group:
            group.create_task(self._write(first, count))
            group.create_task(self._read())
        return self.lags

    async def _write(self, first: int, count: int) -> None:
        update = await self.writer.prepare(statement("update_account", PACKAGE))
        start = time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0.0, start + number * _EVERY - time.perf_counter()))
            self.waiting.add(first + number)
            await update.fetch(first + number, self.mark)
        self.written = True

    async def _read(self) -> None:
        seen = await self.reader.prepare(statement("seen", PACKAGE))
        while self.waiting or not self.written:
            if self.waiting:
                for row in await seen.fetch(list(self.waiting), self.mark):
                    self.waiting.discard(row["id"])
                    self.lags.append(row["ms"])
            await asyncio.sleep(_POLL)


async def lags(writer_url: str, reader_url: str, *, first: int, seconds: float) -> list[float]:
    """Measure for some seconds, on accounts from id `first` on; return every lag in milliseconds."""
    async with connected(writer_url, reader_url) as [writer, reader]:
        return await Race(writer, reader).run(first, int(seconds / _EVERY))
