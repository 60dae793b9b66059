"""Operations of whatever kind: begun one at a time over all processes, watched, ended, looked up."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Self

import structlog

from cdc.session import Connection
from cdc.snapshot import history
from cdc.snapshot.errors import StoreError
from cdc.snapshot.history import LOCKED, Entry, Kind, Status
from server.operations.errors import OperationBusy, OperationNotFound, OperationsDisabled
from server.operations.line import Answer
from server.operations.lock import OperationLock, is_held
from server.operations.run import Run, Work
from server.operations.workshop import Workshop

LOOK: Final = 0.5
"""Seconds between two looks at an operation that another process runs."""
ENDED_KEPT: Final = 100
"""Operations of this process whose errors are remembered after their end."""
END_SECONDS: Final = 3.0
"""What ending the running operations may take when the process ends."""

_log = structlog.get_logger(__name__)


class Runs:
    """Runs operations. Use as `async with`; what still runs at the end is ended and noted as INTERRUPTED.

    Args:
        shop: what they work with.
    """

    def __init__(self, shop: Workshop) -> None:
        self.shop = shop
        self._line = shop.line
        self._runs: dict[int, Run] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._subscribers: list[Callable[[Entry], None]] = []
        self._process = f"{socket.gethostname()}:{os.getpid()}"

    async def __aenter__(self) -> Self:
        """Begin; nothing is opened yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what runs."""
        await self.close()

    def subscribe(self, callback: Callable[[Entry], None]) -> Callable[[], None]:
        """Have a function called with each entry of this process that begins, moves on or ends.

        Returns:
            What ends the subscription.
        """
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def ask(self, question: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Put a short question to MAIN, one that may be asked twice."""
        return await self._line.ask(question)

    async def entry(self, number: int) -> Entry:
        """Read one entry of the history.

        Raises:
            OperationNotFound: there is none of that id.
        """
        found = await self._line.ask(lambda connection: history.get(connection, number))
        if found is None:
            raise OperationNotFound(
                f"operation {number} is not in the history", hint="`cdc history` lists it."
            )
        return found

    async def page(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        kind: Kind | None = None,
        status: Status | None = None,
    ) -> tuple[list[Entry], str | None]:
        """Read a page of the history, as `cdc.snapshot.history.page` does."""
        return await self._line.ask(
            lambda connection: history.page(connection, limit=limit, cursor=cursor, kind=kind, status=status)
        )

    async def wait(self, number: int) -> Entry:
        """Wait until an operation has ended, in whichever process it runs, and return its entry.

        Raises:
            OperationNotFound: there is none of that id.
        """
        task = self._tasks.get(number)
        if task is not None:
            await asyncio.shield(task)
            return self._runs[number].entry
        while (entry := await self.entry(number)).status is Status.RUNNING:
            await asyncio.sleep(LOOK)
            if entry.type in LOCKED and not await self._line.ask(is_held):
                await self.recover()
        return entry

    def failure(self, number: int) -> BaseException | None:
        """Give what an operation of this process failed with; None where it did not, or is long gone."""
        run = self._runs.get(number)
        return None if run is None else run.error

    async def cancel(self, number: int, by: str = "somebody") -> bool:
        """Ask for an operation's end, whichever process runs it. `wait` says how it ended.

        Returns:
            Whether it was still running.

        Raises:
            OperationNotFound: there is none of that id.
        """
        task = self._tasks.get(number)
        if task is not None and not task.done():
            self._runs[number].cancel(by)
            return True
        if (await self.entry(number)).status is not Status.RUNNING:
            return False
        return await self._line.ask(lambda connection: history.ask_to_end(connection, number, by))

    async def recover(self) -> list[Entry]:
        """Mark what killed processes left running, if nothing runs; remove their unfinished files.

        Returns:
            The entries that were marked.
        """
        try:
            lock = await OperationLock.take(self.shop.databases.main)
        except OperationBusy:
            return []
        try:
            left = await self._recovered(lock)
            await self._sweep()
        finally:
            await lock.release()
        return left

    async def close(self) -> None:
        """End what runs and note it as INTERRUPTED."""
        running = {task for task in self._tasks.values() if not task.done()}
        for number, task in self._tasks.items():
            if task in running:
                self._runs[number].cancel("the end of the process that ran it")
        if running:
            await asyncio.wait(running, timeout=END_SECONDS)
        await self._line.close()

    async def _start(
        self, kind: Kind, actor: str, work: Work, detail: Mapping[str, Any] | None = None
    ) -> int:
        """Begin an operation and return the id of its entry.

        Raises:
            OperationsDisabled: nothing is to be written.
            OperationBusy: another one runs.
        """
        self.require_enabled()
        lock = await OperationLock.take(self.shop.databases.main)
        runner = f"{self._process}:{secrets.token_hex(4)}"
        try:
            if await self._recovered(lock):
                await self._sweep()
            entry = await history.begin(lock.connection, kind, actor=actor, runner=runner, detail=detail)
        except BaseException:
            await lock.release()
            raise
        run = Run(self.shop, lock, entry, runner, self._tell)
        self._forget_old()
        self._runs[entry.id] = run
        self._tasks[entry.id] = asyncio.create_task(run.execute(work), name=f"operation {entry.id}")
        return entry.id

    def require_enabled(self) -> None:
        """Refuse what writes where ENABLE_BACKUP_SERVICE is false.

        Raises:
            OperationsDisabled: it is.
        """
        if not self.shop.settings.enable_backup_service:
            raise OperationsDisabled(
                "ENABLE_BACKUP_SERVICE is false: nothing is written",
                hint="Set ENABLE_BACKUP_SERVICE=true and start the service again.",
            )

    async def _recovered(self, lock: OperationLock) -> list[Entry]:
        left = await history.interrupt_left_running(lock.connection)
        for entry in left:
            _log.warning("operation was interrupted", operation=entry.id, type=entry.type.value)
            self._tell(entry)
        return left

    async def _sweep(self) -> None:
        """Remove what killed processes were writing."""
        try:
            for name in await self.shop.store.sweep():
                _log.info("removed an unfinished file", file=name)
        except StoreError as error:
            _log.warning("unfinished files cannot be removed", error=str(error), hint=error.hint)

    def _forget_old(self) -> None:
        ended = [number for number, task in self._tasks.items() if task.done()]
        for number in ended[:-ENDED_KEPT]:
            del self._tasks[number], self._runs[number]

    def _tell(self, entry: Entry) -> None:
        for callback in list(self._subscribers):
            try:
                callback(entry)
            except Exception as error:  # noqa: BLE001 - one listener's fault is no other's
                _log.warning("a listener failed", error=str(error), exc_info=error)
