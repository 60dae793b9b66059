"""One operation while it runs: its progress, its end asked for from outside, and how it ended.

Whatever happens to the work, the entry says so: only a work that returned an ending is what that ending says.
The lock is held until the entry is written, so nobody takes the operation for dead before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

import asyncpg
import structlog

from cdc.errors import CdcError
from cdc.session import UNREACHABLE, connect
from cdc.snapshot import catalog, history
from cdc.snapshot.catalog import SnapshotInfo
from cdc.snapshot.history import Ending, Entry, Status
from server.health import Fault, delay, describe
from server.operations.errors import OperationBusy
from server.operations.lock import ANSWER, OperationLock
from server.operations.workshop import Workshop
from server.redaction import redact

BEAT: Final = 1.0
"""Seconds between two notes of progress, which are also looks at whether somebody wants the end."""
PATIENCE: Final = 60.0
"""Seconds for which writing the end is tried while MAIN is away."""

_FAILURES = (*UNREACHABLE, CdcError, asyncpg.PostgresError, asyncpg.InternalClientError)
_log = structlog.get_logger(__name__)

Told: TypeAlias = Callable[[Entry], None]
Work: TypeAlias = "Callable[[Run], Awaitable[Ending]]"


class Run:
    """One operation.

    Attributes:
        written: files that it has written and read back; they are noted together with how it ended.
        error: what it failed with.

    Args:
        shop: what it works with.
        lock: held; released at the end.
        entry: the operation's, RUNNING.
        runner: as the entry has it.
        told: called with the entry when it begins, at most once in BEAT with progress, and when it ended.
    """

    def __init__(self, shop: Workshop, lock: OperationLock, entry: Entry, runner: str, told: Told) -> None:
        self.entry = entry
        self.error: BaseException | None = None
        self.shop = shop
        self.written: list[SnapshotInfo] = []
        self._lock = lock
        self._runner = runner
        self._told = told
        self._began = time.monotonic()
        self._progress: Mapping[str, Any] | None = None
        self._noted: Mapping[str, Any] | None = None
        self._worker: asyncio.Task[Ending] | None = None
        self._ended_by: str | None = None

    @property
    def id(self) -> int:
        """The entry's id."""
        return self.entry.id

    def progress(self, progress: Mapping[str, Any]) -> None:
        """Take note of how far the work is; cheap enough to call for every batch."""
        self._progress = progress

    def cancel(self, by: str) -> None:
        """End the work, if it has not ended yet. `by` is kept in the entry."""
        self._ended_by = self._ended_by or by
        if self._worker is not None:
            self._worker.cancel()

    async def execute(self, work: Work) -> None:
        """Do the work and write down how it ended."""
        self._told(self.entry)
        self._worker = asyncio.create_task(_started(work, self), name=f"operation {self.id}")
        keeping = asyncio.create_task(self._keep(), name=f"keep {self.id}")
        if self._ended_by is not None:
            self._worker.cancel()
        try:
            await asyncio.wait({self._worker})
        finally:
            self._worker.cancel()
            keeping.cancel()
            await asyncio.wait({self._worker, keeping})
            try:
                await self._finish(self._ending(self._worker))
            finally:
                await self._lock.release()
                self._told(self.entry)

    def _ending(self, worker: asyncio.Task[Ending]) -> Ending:
        known = dict(self.entry.detail)
        if worker.cancelled():
            by = self._ended_by or "the end of the process"
            return Ending(Status.INTERRUPTED, error=f"cancelled by {by}", detail={**known, "cancelled": True})
        self.error = worker.exception()
        if self.error is None:
            ending = worker.result()
            return replace(ending, detail={**known, **(ending.detail or {})})
        message, hint = describe(self.error)
        told = {"fault": type(self.error).__name__, **({"hint": redact(hint)} if hint else {})}
        expected = isinstance(self.error, (CdcError, asyncpg.PostgresError, OSError))
        _log.warning(
            "operation failed",
            operation=self.id,
            type=self.entry.type.value,
            error=redact(message),
            exc_info=None if expected else self.error,
        )
        return Ending(Status.FAILED, error=redact(message), detail={**known, **told})

    async def _keep(self) -> None:
        """Note progress, look for those who want the end, and keep the lock while MAIN comes and goes."""
        while True:
            await asyncio.sleep(BEAT)
            try:
                if self._lock.connection.is_closed():
                    await self._regain()
                async with asyncio.timeout(ANSWER):
                    await self._beat()
            except _FAILURES as error:
                _log.warning("the operation's entry is out of reach", operation=self.id, error=str(error))
                self._lock.connection.terminate()

    async def _beat(self) -> None:
        connection = self._lock.connection
        if self._progress != self._noted:
            noted = self._progress
            entry = await history.note_progress(connection, self.id, noted or {})
            if entry is not None:
                self.entry, self._noted = entry, noted
                self._told(entry)
        status, by = await history.asked(connection, self.id)
        if by is not None:
            self.cancel(by)
        elif status is not Status.RUNNING:
            self.cancel("another process, which took this one for dead")

    async def _regain(self) -> None:
        """Take the lock again after its connection was lost; whoever has it since is in the right."""
        try:
            self._lock = await OperationLock.take(self.shop.databases.main)
        except OperationBusy as busy:
            if busy.running not in (None, self.id):
                self.cancel(f"operation {busy.running}, which began while MAIN was out of reach")
            raise

    async def _finish(self, ending: Ending) -> None:
        duration = int((time.monotonic() - self._began) * 1000)
        tries = 0
        while True:
            try:
                async with asyncio.timeout(ANSWER):
                    written = await self._write(ending, duration)
            except _FAILURES as error:
                tries += 1
                self._lock.connection.terminate()
                if time.monotonic() - self._began > duration / 1000 + PATIENCE:
                    _log.error("how the operation ended cannot be noted", operation=self.id, error=str(error))
                    written = None
                    break
                await asyncio.sleep(delay(tries, Fault.CONNECTIVITY))
            else:
                break
        self.entry = written or _unwritten(self.entry, ending, duration)

    async def _write(self, ending: Ending, duration: int) -> Entry | None:
        if self._lock.connection.is_closed():
            self._lock = OperationLock(await connect(self.shop.databases.main, "operation"))
        connection = self._lock.connection
        async with connection.transaction():
            for info in self.written:
                await catalog.put(connection, self.shop.store.location, info, whole=True)
            return await history.finish(connection, self.id, self._runner, ending, duration_ms=duration)


async def _started(work: Work, run: Run) -> Ending:
    return await work(run)


def _unwritten(entry: Entry, ending: Ending, duration: int) -> Entry:
    """Give what the entry would be, for those who wait in this process, where MAIN did not take it."""
    return replace(
        entry,
        status=ending.status,
        record_count=ending.record_count,
        duration_ms=duration,
        size_bytes=ending.size_bytes,
        filepath=ending.filepath,
        sha256=ending.sha256,
        error=ending.error,
        detail=ending.detail or {},
    )
