"""The service: prepares both databases, keeps the links running and says how it is.

Order of things: find the databases, compete for the working lock, install what is missing, first contact, then
the links and the upkeep beside them.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import structlog
from rich.console import Console

from cdc.config import Config
from cdc.engine import Engine
from cdc.errors import FirstContactUndecided
from cdc.model import Side
from cdc.stats import Figures, Options, Stats
from server import status, upkeep
from server.api.address import Address
from server.databases import Databases, SameDatabaseError, opened
from server.demo import greeting, seed, traffic
from server.leadership import Leadership
from server.monitor import Monitor
from server.observation import Observation, Observer
from server.operations.operations import Operations
from server.operations.schedule import Schedule
from server.phase import LINKS, Phase
from server.preparation import prepare
from server.problems import Rules, time_text
from server.settings import Settings
from server.space import places
from server.supervisor import Supervisor

UNPREPARED_PAUSE = 60.0
"""Seconds between attempts to prepare once they are given up: before schema cdc is there nobody can say resume."""

_log = structlog.get_logger(__name__)


class Service:
    """One run of the service.

    Args:
        settings: valid ones.
        choice: what to do where both sides hold different data: fill, main, backup, or None to wait.
        console: where progress bars and the demo's greeting go.
        invite: makes a one-time login code, for the demo's greeting.
    """

    def __init__(
        self, settings: Settings, choice: str | None, console: Console, invite: Callable[[], str]
    ) -> None:
        self._settings = settings
        self._choice = choice
        self._console = console
        self._invite = invite
        self.databases: Databases | None = None
        """Where both sides are; None until that is known."""
        self._rules = Rules.of(settings)
        self.operations: Operations | None = None
        """Backups, restores and checks; None until both databases are known."""
        self._schedule: Schedule | None = None
        self._phase = Phase.STARTING
        self._observer: Observer | None = None
        self._leadership: Leadership | None = None
        self._supervisor: Supervisor | None = None
        self._decisions = Config()
        self._told: set[str] = set()
        self._undecided: dict[str, str] | None = None
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._leads = False
        self.monitor = Monitor(settings, self, instance=self._name, changed=self._publish)

    async def run(self, address: Address) -> None:
        """Work until cancelled.

        Raises:
            SameDatabaseError: both URLs lead to one database.
            EmbeddedServerError: the embedded servers do not start.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.monitor.running())
            databases = await stack.enter_async_context(opened(self._settings, create=True))
            self.databases = databases
            for note in databases.notes:
                _log.info(note)
            self._observer = Observer(databases, places(self._settings, databases))
            stack.push_async_callback(self._observer.close)
            self.operations = await stack.enter_async_context(Operations(databases, self._settings))
            self.operations.subscribe(self.monitor.noticed)
            if not self._rules.enabled:
                _log.warning("ENABLE_BACKUP_SERVICE is false: nothing is synced, capture goes on")
                await asyncio.Event().wait()
            if databases.embedded:
                await seed.prepare(databases.main.dsn)
            supervisor, operations = self._supervised(databases), self.operations
            self._supervisor = supervisor
            self._leadership = Leadership(
                main=databases.main,
                work=lambda: self._work(databases, supervisor, operations, address),
                decided=self._decided,
                standing_by=self._stand_by,
                unreachable=supervisor.failed,
                document=self.document,
                name=self._name,
            )
            await self._leadership.run()

    async def status(self) -> dict[str, Any]:
        """Make the status document; a database that is away makes it poorer, not an error."""
        seen = await self.look()
        told: Mapping[str, Any] | None = self.document()
        figures: Mapping[Side, Figures] = {}
        if self._phase is Phase.STANDBY:
            told = {**((seen.decisions and seen.decisions.service) or {}), "phase": Phase.STANDBY.value}
        elif self._supervisor is not None:
            self._supervisor.clocks(seen.clocks)
            figures = self._supervisor.figures()
        return status.document(self._rules, seen, told, figures)

    def document(self) -> dict[str, Any]:
        """Give what only this process knows, for other processes to read."""
        return {
            "instance": self._name,
            "phase": self._phase.value,
            "undecided": self._undecided,
            "links": {} if self._supervisor is None else self._supervisor.as_json(),
            "backup": {"next": time_text(self._schedule.next) if self._schedule else None},
            "alerts": self.monitor.alerts.as_json(),
        }

    @property
    def phase(self) -> Phase:
        """What the process as a whole is doing."""
        return self._phase

    @property
    def standing_by(self) -> bool:
        """Whether another instance works."""
        return self._phase is Phase.STANDBY

    def stats(self) -> dict[str, Stats]:
        """Give what the links, by name, have counted since the start."""
        return {} if self._supervisor is None else self._supervisor.stats()

    def failures(self) -> dict[str, int]:
        """Give how often the links, by name, have failed since the start."""
        return {} if self._supervisor is None else self._supervisor.failures()

    async def look(self) -> Observation:
        """Look at both databases; nothing is seen before they are known."""
        return Observation() if self._observer is None else await self._observer.look()

    def seen(self) -> Observation:
        """Give what the last look at both databases found."""
        return Observation() if self._observer is None else self._observer.last

    async def _work(
        self, databases: Databases, supervisor: Supervisor, operations: Operations, address: Address
    ) -> None:
        """Do everything that only the working instance does."""
        self._enter(Phase.STARTING)
        before = await self._prepare(databases, supervisor)
        self._enter(Phase.RUNNING)
        two_way = self._rules.two_way
        self._schedule = Schedule(operations, self._settings, self._changed)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._schedule.run(), name="schedule")
            group.create_task(supervisor.run(), name="supervisor")
            kept = self._settings.backup_retention_days
            upkept = upkeep.run(databases, self._told, two_way=two_way, kept_days=kept, before=before)
            group.create_task(upkept, name="upkeep")
            if databases.embedded:
                link, busy = f"{address}/login?code={self._invite()}", self._settings.demo_traffic
                greeting.greet(self._console, databases.main.dsn, databases.backup.dsn, link, busy=busy)
                if busy:
                    group.create_task(traffic.run(databases.main.dsn, databases.backup.dsn), name="demo")

    async def _prepare(self, databases: Databases, supervisor: Supervisor) -> Mapping[Side, str]:
        """Install what is missing and settle first contact, as often as it takes."""
        while True:
            try:
                before = await prepare(
                    databases,
                    self._choice,
                    self._console,
                    self._told,
                    two_way=self._rules.two_way,
                    copying=lambda: self._enter(Phase.COPYING),
                )
            except SameDatabaseError:
                raise
            except FirstContactUndecided as error:
                self._undecided = {"message": str(error), "hint": error.hint}
                self._enter(Phase.WAITING)
                _log.error("nothing is written until you choose", error=str(error), hint=error.hint)
                await supervisor.forgiven(None)
            except Exception as error:  # noqa: BLE001 - counted, shown and retried like a link's failure
                await supervisor.forgiven(supervisor.failed(error) or UNPREPARED_PAUSE)
            else:
                self._undecided = None
                return before

    def _supervised(self, databases: Databases) -> Supervisor:
        engine = Engine(
            databases.main,
            databases.backup,
            two_way=self._rules.two_way,
            options=Options(interval_s=self._rules.interval_ms / 1000),
            policy=lambda entity: self._decisions.policy(str(entity)),
            accepts=lambda entity: self._decisions.accepts(str(entity)),
        )
        return Supervisor(engine, limit=self._rules.max_failures, changed=self._changed)

    def _decided(self, decisions: Config) -> None:
        self._decisions = decisions
        if not self._leads:
            self._leads = True
            self.monitor.alerts.take_over((decisions.service or {}).get("alerts") or {})
        if self._supervisor is not None:
            self._supervisor.decided(decisions)

    def _stand_by(self) -> None:
        _log.info("another instance works; standing by")
        self._schedule = None
        self._leads = False
        self.monitor.alerts.stand_down()
        self._enter(Phase.STANDBY)

    def _enter(self, phase: Phase) -> None:
        if phase is self._phase:
            return
        self._phase = phase
        _log.info("service", phase=phase.value)
        if phase in LINKS and self._supervisor is not None:
            self._supervisor.put(LINKS[phase])
        self._changed()

    def _changed(self) -> None:
        self.monitor.poke()
        self._publish()

    def _publish(self) -> None:
        if self._leadership is not None:
            self._leadership.changed()
