"""A first copy as an entry of the history. It runs under the working lock, not under that of operations."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import asyncpg
import structlog

from cdc.copy_tasks import Progress
from cdc.errors import CdcError
from cdc.first_contact import Outcome
from cdc.session import UNREACHABLE, Endpoint
from cdc.snapshot import history
from cdc.snapshot.history import Ending, Kind, Status
from server.health import describe
from server.operations.line import Line
from server.redaction import redact

BEAT: Final = 1.0
"""Seconds between two notes of progress."""

_FAILURES = (*UNREACHABLE, CdcError, asyncpg.PostgresError, asyncpg.InternalClientError)
_log = structlog.get_logger(__name__)


class FirstCopy:
    """One attempt. It gets an entry with the first row that moves; where none does there is none."""

    def __init__(self, line: Line, actor: str) -> None:
        self._line = line
        self._actor = actor
        self._runner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._tables: dict[str, tuple[int, int]] = {}
        self._began = time.monotonic()
        self._number: int | None = None
        self._moving = asyncio.Event()
        self._turn = asyncio.Lock()

    def moved(self, entity: str, done: int, total: int) -> None:
        """Take note of how far a table is."""
        self._tables[entity] = (done, total)
        self._moving.set()

    async def recover(self) -> None:
        """Mark what a killed process left running: we hold the working lock, so it does not."""
        try:
            await self._line.ask(lambda main: history.interrupt_left_running(main, {Kind.INITIAL_COPY}))
        except _FAILURES as error:  # schema cdc may not be there yet, and the copy is no worse for it
            _log.debug("earlier first copies cannot be looked up", error=str(error))

    async def note(self) -> None:
        """Keep the entry up to date until cancelled; the copy is no worse where that fails."""
        while True:
            await self._moving.wait()
            self._moving.clear()
            try:
                await self._noted()
            except _FAILURES as error:
                _log.debug("the first copy cannot be noted", error=str(error))
            await asyncio.sleep(BEAT)

    async def ended(self, ending: Ending) -> None:
        """Say how it ended, if there was anything to copy."""
        duration = int((time.monotonic() - self._began) * 1000)
        try:
            if self._tables:
                await self._noted()
            number = self._number
            if number is not None:
                await self._line.ask(
                    lambda main: history.finish(main, number, self._runner, ending, duration_ms=duration)
                )
        except _FAILURES as error:
            _log.warning("the end of the first copy cannot be noted", error=redact(str(error)))

    async def _noted(self) -> None:
        async with self._turn:
            progress = self._progress()
            if self._number is None:
                entry = await self._line.ask(
                    lambda main: history.begin(
                        main, Kind.INITIAL_COPY, actor=self._actor, runner=self._runner
                    )
                )
                self._number = entry.id
            number = self._number
            await self._line.ask(lambda main: history.note_progress(main, number, progress))

    def _progress(self) -> Mapping[str, Any]:
        return {
            "phase": "COPYING",
            "entity": next(reversed(self._tables), None),
            "rowsDone": sum(done for done, _ in self._tables.values()),
            "rowsTotal": sum(total for _, total in self._tables.values()),
        }


async def noted(main: Endpoint, actor: str, copy: Callable[[Progress], Awaitable[Outcome]]) -> Outcome:
    """Make a first copy and record it.

    Args:
        main: MAIN, with schema cdc; the caller holds the working lock.
        actor: who makes it.
        copy: makes it, and reports how far it is.

    Raises:
        Exception: whatever the copy raises.
    """
    line = Line(main)
    noted = FirstCopy(line, actor)
    noting = asyncio.create_task(noted.note())
    try:
        await noted.recover()
        outcome = await copy(noted.moved)
    except asyncio.CancelledError:
        await noted.ended(Ending(Status.INTERRUPTED, error="the process that ran it ended"))
        raise
    except Exception as error:
        message, hint = describe(error)
        fault = {"fault": type(error).__name__, "hint": redact(hint)}
        await noted.ended(Ending(Status.FAILED, error=redact(message), detail=fault))
        raise
    else:
        detail: dict[str, Any] = {
            "action": outcome.action.value,
            "reason": outcome.reason,
            "notes": list(outcome.notes),
        }
        await noted.ended(Ending(Status.COMPLETED, record_count=outcome.rows, detail=detail))
        return outcome
    finally:
        noting.cancel()
        await asyncio.wait({noting})
        await line.close()
