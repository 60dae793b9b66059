"""Backups by the clock, and trial restores now and then; only the working instance does this.

What is due is reckoned from the history, so that a restart neither repeats nor forgets anything. One that is
late begins as soon as it can, and stands for all that were missed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from cdc.errors import InstallRefused
from cdc.snapshot import facts
from cdc.snapshot.history import Entry, Status
from server.health import Fault, classify, delay, describe
from server.operations.errors import OperationBusy
from server.operations.operations import Operations
from server.redaction import redact
from server.rhythm import Rhythm
from server.settings import Settings

ACTOR: Final = "schedule"
FIRST_TRIAL: Final = timedelta(minutes=5)
"""How long after the start the first trial restore comes at the earliest."""
BUSY: Final = 1.0
"""Seconds until the next attempt after another operation was in the way."""
LONGEST_SLEEP: Final = 60.0
"""Seconds after which it is reckoned anew when something is due: the clock may have been set."""
_TOLD: Final = {Status.COMPLETED: "info", Status.UNCHANGED: "debug"}

_log = structlog.get_logger(__name__)


class Schedule:
    """Runs what is due.

    Args:
        operations: what runs it.
        settings: valid ones.
        changed: called when `next` has changed.
    """

    def __init__(self, operations: Operations, settings: Settings, changed: Callable[[], None]) -> None:
        self._operations = operations
        self._rhythm = Rhythm.of(settings)
        self._trial_every = timedelta(hours=settings.restore_test_interval_hours)
        self._changed = changed
        self._began: datetime | None = None
        self.next: datetime | None = None
        """When the next backup is due."""

    async def run(self) -> None:
        """Run what is due until cancelled; failures are logged and never end it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._always(self._backup), name="backups")
            if self._trial_every:
                group.create_task(self._always(self._trial), name="trial restores")

    async def _always(self, step: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                await step()
            except OperationBusy as busy:
                await self._let_pass(busy)
            except Exception as error:  # noqa: BLE001 - whatever it is, backups must go on
                failures += 1
                fault, (message, hint) = classify(error), describe(error)
                if failures == 1 or fault is not Fault.CONNECTIVITY:
                    _log.warning(
                        "the schedule could not begin, trying again", error=redact(message), hint=hint
                    )
                await asyncio.sleep(delay(failures, fault))
            else:
                failures = 0

    async def _backup(self) -> None:
        """Wait until a backup is due, and make it."""
        if self.next is None:
            await self._operations.recover()
        known = await self._known()
        last = known.last
        began = None if last is None or last.status is Status.INTERRUPTED else last.started_at
        due = self._rhythm.due(began, known.now)
        self._note_next(due)
        if await self._slept((due - known.now).total_seconds()):
            number = await self._operations.start_backup(ACTOR)
            self._tell(await self._operations.wait(number))

    async def _trial(self) -> None:
        """Wait until a trial restore is due, and make it."""
        known = await self._known()
        self._began = self._began or known.now
        due = self._began + FIRST_TRIAL
        if known.trial is not None:
            due = max(due, known.trial.started_at + self._trial_every)
        if not await self._slept((due - known.now).total_seconds()):
            return
        entry = await self._operations.wait(await self._operations.start_restore_test(ACTOR))
        if entry.status is Status.COMPLETED:
            _log.info("trial restore", file=entry.filepath, rows=entry.record_count)

    async def _known(self) -> facts.BackupFacts:
        """Read the history, and the clock that its times are by: ours may be another."""
        known = await self._operations.ask(facts.read)
        if known is None:
            raise InstallRefused("schema cdc is older than this program", hint="`cdc install-triggers`")
        return known

    def _note_next(self, at: datetime) -> None:
        if at != self.next:
            self.next = at
            self._changed()

    async def _slept(self, seconds: float) -> bool:
        """Sleep until something is due, but not for long. Returns whether it is due."""
        await asyncio.sleep(min(max(seconds, 0.0), LONGEST_SLEEP))
        return seconds <= LONGEST_SLEEP

    async def _let_pass(self, busy: OperationBusy) -> None:
        """Wait for the operation that is in the way."""
        try:
            if busy.running is not None:
                await self._operations.wait(busy.running)
        except Exception as error:  # noqa: BLE001 - its entry may be gone, or MAIN away
            _log.debug("the operation in the way cannot be watched", error=str(error))
        await asyncio.sleep(BUSY)

    def _tell(self, entry: Entry) -> None:
        """Log what came of a backup, and that it took long."""
        seconds = (entry.duration_ms or 0) / 1000
        if (level := _TOLD.get(entry.status)) is not None:
            getattr(_log, level)(
                "backup",
                status=entry.status.value,
                file=entry.filepath,
                rows=entry.record_count,
                seconds=round(seconds, 1),
            )
        gap = self._rhythm.gap(entry.started_at).total_seconds()
        if seconds > gap / 2:
            _log.warning(
                "a backup took more than half its interval",
                seconds=round(seconds, 1),
                interval=round(gap),
                hint="Raise BACKUP_INTERVAL_SECONDS, or give MAIN and BACKUP_DIR more to work with.",
            )
