"""One direction: reads what its source committed and applies it to its target, batch by batch."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from cdc.applier import Applier
from cdc.crossing import Crossed, Crossing
from cdc.errors import CdcError, ConnectivityError
from cdc.held import RETRY_S, load, release
from cdc.history import load_position, take
from cdc.listener import Listener
from cdc.model import Entity, Side
from cdc.policy import MANUAL, PolicyRule
from cdc.position import Position
from cdc.reader import Reader
from cdc.retry import next_retry, retry_deferred
from cdc.session import UNREACHABLE, Endpoint, Sessions
from cdc.stage import Stage
from cdc.stats import Options, Stats, StepResult
from cdc.target import Target
from cdc.twin import both

SOON_S: Final = 0.05
"""Before what is due, and was not come to, is tried again: somebody may hold the position."""
BUSY_READS: Final = 3
"""Reads in a row that found something, after which writers need not notify any more."""


class Link:
    """A source, a target, and what lies between them. Made once, opened and closed as often as needed."""

    def __init__(
        self,
        source: Endpoint,
        target: Endpoint,
        *,
        options: Options | None = None,
        policy: Callable[[Entity], PolicyRule] = lambda _: MANUAL,
        accepts: Callable[[Entity], bool] = lambda _: False,
    ) -> None:
        """Take both endpoints, the limits, and what is done with a table's conflicts."""
        self.source = source
        self.target = target
        self.stats = Stats()
        self.position: Position | None = None
        self.on_recheck: Callable[[], None] = lambda: None
        self.moved = asyncio.Event()
        """Set by the first step that succeeds after the link was opened."""
        self._options = options or Options()
        self._policy = policy
        self._accepts = accepts
        self._sessions = Sessions(self.nudge)
        self._listener: Listener | None = None
        self._crossing: Crossing | None = None
        self._kept = True
        self._released_at = 0.0
        self._held: frozenset[str] = frozenset()

    @property
    def side(self) -> Side:
        """The source's side, which names the link."""
        return self.source.side

    @property
    def held(self) -> frozenset[str]:
        """Tables that wait for their schema, as last known."""
        if self._crossing is not None:
            self._held = frozenset(self._crossing.applier.tables.waiting)
        return self._held

    async def open(self, *, listen: bool = False) -> None:
        """Connect, compare the source's history with the stored position, learn the tables.

        Raises:
            ConnectivityError: a side cannot be reached.
            HistoryError: the position belongs to another history of the source.
            PositionMoved: another instance was opened at the same moment.
        """
        await self.close()
        try:
            reader, sink = await both(self._open_reader(), self._open_sink())
            applier = Applier(sink, self.side, reader, self._policy)
            between = reader.connection, sink.connection, self.side
            self.position = await take(*between, await load_position(*between))
            await load(applier)
            self._crossing = Crossing(reader, applier, Stage(reader, sink), self.position)
            if listen:
                self._listener = Listener(self.source, interval_s=self._options.interval_s)
                await self._listener.open()
        except BaseException:
            await self.close()
            raise

    async def _open_reader(self) -> Reader:
        source = await self._sessions.connect(self.source, f"reader {self.side}")
        rows, size = self._options.batch_rows, self._options.batch_bytes
        reader = Reader(source, batch_rows=rows, batch_bytes=size)
        await reader.prepare()
        return reader

    async def _open_sink(self) -> Target:
        target = await self._sessions.connect(self.target, f"applier {self.side}")
        sink = Target(target, self.target.schemas, self._accepts)
        await sink.prepare()
        await target.execute("SET synchronous_commit = off")  # see cdc.durability
        return sink

    async def close(self) -> None:
        """Drop every session; what was not committed is rolled back by the server."""
        if self._listener is not None:
            await self._listener.close()
        if self._crossing is not None:
            self._crossing.close()
        self._sessions.close()
        self.moved.clear()
        self._held = self.held
        self._listener = self._crossing = None

    async def step(self) -> StepResult:
        """Read one batch and apply it; nothing is half done whatever is raised.

        Raises:
            PositionMoved: another instance works on this link.
            ConnectivityError: a side went away.
            asyncpg.PostgresError: the target refused the batch for a reason that is no single row's.
        """
        crossing = self._opened()
        paged = crossing.position.window_to is not None
        try:
            self._sessions.check()  # nobody would miss a target that there is nothing for
            crossed = await crossing.step()
        except Exception as error:
            # In the middle of a COPY the driver raises whatever it stumbles over first when a session ends.
            if isinstance(error, CdcError) or not (self._sessions.cut or isinstance(error, UNREACHABLE)):
                raise
            raise ConnectivityError(
                f"link {self.side} to {self.target.side} was cut: {error or type(error).__name__}"
            ) from error
        self.position = crossing.position
        self.moved.set()
        if crossed is None:
            # A window that has just ended says nothing about what was written since it began.
            return StepResult(more=paged)
        self._count(crossing.reader, crossed)
        outcome = crossed.outcome
        return StepResult(crossed.changes, outcome.applied, outcome.conflicts, crossed.more)

    async def retry(self) -> float | None:
        """Try put-off rows that are due. Returns seconds until the next is due, None when there is none."""
        crossing = self._opened()
        applier = crossing.applier
        if crossing.position.window_to is not None:
            return 0  # what they wait for may be in the rest of the window
        self._kept = False
        pause = await next_retry(applier)
        if pause == 0:
            outcome = await retry_deferred(applier)
            self.stats.applied += outcome.applied
            self.on_recheck()
            pause = await next_retry(applier)
        return pause

    async def release(self) -> bool:
        """Try held tables again. Returns whether some are still held."""
        crossing = self._opened()
        held = crossing.applier.tables.held
        if held:
            outcome = await release(crossing.applier, crossing.position)
            self.stats.applied += outcome.applied
            self._kept = True  # what was put off waited with them
        return bool(held)

    async def run(self) -> None:
        """Work until cancelled: apply what there is, sleep until there is more.

        Raises:
            The errors of `step`.
        """
        listener = self._listener
        if listener is None:
            raise ConnectivityError("the link was opened without its listener")
        busy, due = 0, await self._retry_when_due(0)
        while True:
            result = await self.step()
            # Between two windows at the latest: a link that is behind has nothing but large ones.
            due = await self._retry_when_due(due)
            if result.changes:
                busy += 1
                if not result.more:
                    await self._release_now_and_then()
                if busy >= BUSY_READS:
                    await listener.wake()
                continue
            busy = 0
            if not await listener.fall_asleep():
                holds = await self._release_now_and_then()
                left = None if due is None else max(due - _now(), SOON_S)
                waits = [seconds for seconds in (left, RETRY_S if holds else None) if seconds is not None]
                await listener.wait(min(waits, default=None))

    async def _retry_when_due(self, due: float | None) -> float | None:
        """Try put-off rows whose time has come, however busy the link is. Returns when the next one's comes."""
        if not self._kept and (due is None or _now() < due):
            return due
        pause = await self.retry()
        return None if pause is None else _now() + pause

    async def _release_now_and_then(self) -> bool:
        """Try held tables again when it is time. Returns whether some are still held."""
        held = self._opened().applier.tables.held
        now = _now()
        if held and now - self._released_at >= RETRY_S:
            self._released_at = now
            return await self.release()
        return bool(held)

    def nudge(self) -> None:
        """Have a sleeping link read its source, so that its position moves on, and look at what is put off."""
        self._kept = True
        if self._listener is not None:
            self._listener.nudge()

    def _opened(self) -> Crossing:
        if self._crossing is None:
            raise ConnectivityError(f"link {self.side} to {self.target.side} is not open")
        return self._crossing

    def _count(self, reader: Reader, crossed: Crossed) -> None:
        tables = Counter[str]()
        for number, changes in crossed.counts.items():
            known = reader.known(number)
            tables[str(known.entity) if known else str(number)] += changes
        self.stats.count(datetime.now(UTC), _now(), crossed.written, tables)
        self.stats.conflicts += crossed.outcome.conflicts
        self._kept = self._kept or crossed.outcome.deferred + crossed.outcome.conflicts > 0
        if crossed.outcome.rechecks:
            self.on_recheck()


def _now() -> float:
    """Seconds of the clock that waits are measured by."""
    return asyncio.get_running_loop().time()
