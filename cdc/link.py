"""One direction: reads what its source committed and applies it to its target, batch by batch."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import asyncpg

from cdc.applier import Applier, splits
from cdc.change import Batch
from cdc.errors import CdcError, ConnectivityError, PositionBusy, SchemaMismatch
from cdc.faults import Blame, judge
from cdc.held import RETRY_S, hold, load, release
from cdc.history import load_position
from cdc.listener import Listener
from cdc.model import Entity, Side
from cdc.policy import MANUAL, PolicyRule
from cdc.position import Position
from cdc.reader import Reader
from cdc.references import ReferenceBroken
from cdc.residue import Outcome
from cdc.retry import next_retry, retry_deferred
from cdc.session import UNREACHABLE, Connection, Endpoint, connect
from cdc.splitter import apply_split
from cdc.stage import Stage
from cdc.stats import Options, Stats, StepResult, sampled
from cdc.target import ShapeMoved, Target

BUSY_READS: Final = 3
"""Reads in a row that found something, after which writers need not notify any more."""
ATTEMPTS: Final = 100
"""Tries of one batch while its tables are found to have changed, or the position is locked."""


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
        self._options = options or Options()
        self._policy = policy
        self._accepts = accepts
        self._stored: Position | None = None
        self._connections: list[Connection] = []
        self._listener: Listener | None = None
        self._reader: Reader | None = None
        self._applier: Applier | None = None
        self._kept = True
        self._released_at = 0.0
        self._stage: Stage | None = None
        self._held: frozenset[str] = frozenset()

    @property
    def side(self) -> Side:
        """The source's side, which names the link."""
        return self.source.side

    @property
    def held(self) -> frozenset[str]:
        """Tables that wait for their schema, as last known."""
        if self._applier is not None:
            self._held = frozenset(self._applier.held)
        return self._held

    async def open(self, *, listen: bool = False) -> None:
        """Connect, compare the source's history with the stored position, learn the tables.

        Raises:
            ConnectivityError: a side cannot be reached.
            HistoryError: the position belongs to another history of the source.
        """
        await self.close()
        try:
            source = await self._connect(self.source, f"reader {self.side}")
            target = await self._connect(self.target, f"applier {self.side}")
            self._reader = Reader(
                source, batch_rows=self._options.batch_rows, batch_bytes=self._options.batch_bytes
            )
            await self._reader.prepare()
            sink = Target(target, self.target.schemas, self._accepts)
            await sink.prepare()
            self._applier = Applier(sink, self.side, self._reader, self._policy)
            self._stage = Stage(
                self._reader, sink, rows=self._options.batch_rows, size=self._options.batch_bytes
            )
            self.position = self._stored = await load_position(source, target, self.side)
            await load(self._applier)
            if listen:
                self._listener = Listener(self.source, interval_s=self._options.interval_s)
                await self._listener.open()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Drop every session; what was not committed is rolled back by the server."""
        if self._listener is not None:
            await self._listener.close()
        for connection in self._connections:
            connection.terminate()
        self._connections.clear()
        self._held = self.held
        self._listener = self._reader = self._applier = self._stage = None

    async def step(self) -> StepResult:
        """Read one batch and apply it; nothing is half done whatever is raised.

        Raises:
            PositionMoved: another instance works on this link.
            ConnectivityError: a side went away.
            asyncpg.PostgresError: the target refused the batch for a reason that is no single row's.
        """
        reader, applier, position = self._opened()
        try:
            if (staged := await self._apply_staged()) is not None:
                return staged
            batch = await reader.read(position)
            if not batch.changes:
                await self._skip(batch)
                # A window that has just ended says nothing about what was written since it began.
                return StepResult(more=position.window_to is not None)
            await reader.learn(batch.changes)
            outcome = await self._apply(applier, batch)
        except Exception as error:
            # In the middle of a COPY the driver raises whatever it stumbles over first when a session ends.
            cut = any(connection.is_closed() for connection in self._connections)
            if isinstance(error, CdcError) or not (cut or isinstance(error, UNREACHABLE)):
                raise
            raise ConnectivityError(
                f"link {self.side} to {self.target.side} was cut: {error or type(error).__name__}"
            ) from error
        self.position = self._stored = batch.after
        self._count(*sampled(batch.changes), outcome)
        return StepResult(len(batch.changes), outcome.applied, outcome.conflicts, batch.more)

    async def retry(self) -> float | None:
        """Try put-off rows that are due. Returns seconds until the next is due, None when there is none."""
        _, applier, position = self._opened()
        if position.window_to is not None:
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
        _, applier, position = self._opened()
        if applier.held:
            outcome = await release(applier, position)
            self.stats.applied += outcome.applied
            self._kept = True  # what was put off waited with them
        return bool(applier.held)

    async def run(self) -> None:
        """Work until cancelled: apply what there is, sleep until there is more.

        Raises:
            The errors of `step`.
        """
        listener = self._listener
        if listener is None:
            raise ConnectivityError("the link was opened without its listener")
        busy, pause = 0, await self.retry()
        while True:
            result = await self.step()
            if result.changes:
                busy += 1
                if not result.more:
                    pause = await self.retry() if self._kept else pause
                    await self._release_now_and_then()
                if busy >= BUSY_READS:
                    await listener.wake()
                continue
            busy = 0
            if pause == 0 or self._kept:
                pause = await self.retry()
            if not await listener.fall_asleep():
                holds = await self._release_now_and_then()
                await listener.wait(min((s for s in (pause, RETRY_S if holds else None) if s), default=None))
                pause = 0 if pause is not None else None

    async def _release_now_and_then(self) -> bool:
        """Try held tables again when it is time. Returns whether some are still held."""
        _, applier, _ = self._opened()
        now = asyncio.get_running_loop().time()
        if applier.held and now - self._released_at >= RETRY_S:
            self._released_at = now
            return await self.release()
        return bool(applier.held)

    def nudge(self) -> None:
        """Have a sleeping link read its source, so that its position moves on."""
        if self._listener is not None:
            self._listener.nudge()

    async def _connect(self, endpoint: Endpoint, purpose: str) -> Connection:
        connection = await connect(endpoint, purpose)
        self._connections.append(connection)
        return connection

    def _opened(self) -> tuple[Reader, Applier, Position]:
        if self._reader is None or self._applier is None or self.position is None:
            raise ConnectivityError(f"link {self.side} to {self.target.side} is not open")
        return self._reader, self._applier, self.position

    async def _apply_staged(self) -> StepResult | None:
        """Apply the next batch of a large window that lies on the target. None: go the ordinary way."""
        _, applier, position = self._opened()
        stage, stored = self._stage, self._stored
        if stage is None or stored is None or position.window_to is None:
            return None
        try:
            if not stage.batches:
                await stage.fill(position, applier.held)
            if not stage.batches:
                return None
            batch = stage.batches.popleft()
            outcome = await applier.apply_staged(stored, batch.after, batch.parts, batch.changes)
        except (asyncpg.PostgresError, ReferenceBroken, SchemaMismatch, ShapeMoved, PositionBusy) as error:
            stage.batches.clear()
            passing = isinstance(error, SchemaMismatch | ShapeMoved | PositionBusy)
            if not (passing or splits(error) or _stale(error)):
                raise
            return None  # page by page, the offending rows are found
        self.position = self._stored = batch.after
        self._count(batch.counts, [batch.last_at], outcome)
        return StepResult(batch.changes, outcome.applied, outcome.conflicts, more=True)

    async def _skip(self, batch: Batch) -> None:
        """Move on past an empty read; stored only when it ends a window that was applied in pages."""
        _, applier, position = self._opened()
        if position.window_to is not None and self._stored is not None:
            async with applier.target.connection.transaction():
                await applier.advance(self._stored, batch.after, 0)
            self._stored = batch.after
        self.position = batch.after

    async def _apply(self, applier: Applier, batch: Batch) -> Outcome:
        stored = self._stored
        assert stored is not None  # noqa: S101 - set together with the applier
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await applier.prepare(batch.changes)
                return await applier.apply(stored, batch)
            except PositionBusy:
                continue
            except ShapeMoved:
                await applier.refresh()
            except SchemaMismatch as mismatch:
                await applier.refresh()
                if attempt > 1:
                    await hold(applier, mismatch)
            except (asyncpg.PostgresError, ReferenceBroken) as error:
                if attempt == 1 and _stale(error):
                    await applier.refresh()
                    continue
                if not splits(error, refreshed=attempt > 1):
                    raise
                with contextlib.suppress(PositionBusy, ShapeMoved):
                    return await apply_split(applier, stored, batch, refreshed=attempt > 1)
        raise PositionBusy(
            f"a batch of {self.side} was not applied in {ATTEMPTS} tries: its tables or its position are locked",
            hint="look for a session that holds a lock on cdc.position",
        )

    def _count(self, counts: Mapping[int, int], written: Sequence[datetime], outcome: Outcome) -> None:
        reader, _, _ = self._opened()
        tables = Counter[str]()
        for number, changes in counts.items():
            known = reader.known(number)
            tables[str(known.entity) if known else str(number)] += changes
        self.stats.count(datetime.now(UTC), asyncio.get_running_loop().time(), written, tables)
        self.stats.conflicts += outcome.conflicts
        self._kept = self._kept or outcome.deferred > 0
        if outcome.rechecks:
            self.on_recheck()


def _stale(error: Exception) -> bool:
    """Whether an error says that a table is no longer what the statement was made for."""
    return isinstance(error, asyncpg.PostgresError) and judge(error.sqlstate).blame is Blame.SHAPE
