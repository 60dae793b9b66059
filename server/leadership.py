"""One working instance at a time, and what people decide while it works.

The instance that holds an advisory lock on MAIN works; the others stand by and take over. The connection
that holds the lock also brings the decisions of `cdc.backup_config` (by notification and by a slow poll) and
carries out what the service publishes of itself, so that idling costs MAIN one statement in POLL seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog

from cdc import config
from cdc.errors import ConnectivityError
from cdc.session import UNREACHABLE, Connection, Endpoint, connect
from server.health import Fault, delay
from triggers.statements import statement

POLL = 2.0
"""Seconds between two looks at the decisions, and between two attempts of a standby to take over."""
ANSWER = 10.0
"""Seconds within which MAIN must answer; after that the connection counts as lost."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Leadership:
    """Runs `work` while this instance is the working one.

    Attributes:
        main: where the lock is.
        work: what to run; a new coroutine each time this instance takes over.
        decided: called with the decisions whenever they were read.
        standing_by: called when another instance turns out to work.
        unreachable: called when MAIN cannot be reached before any work has begun.
        document: what to publish; written only when it has changed.
    """

    main: Endpoint
    work: Callable[[], Coroutine[Any, Any, None]]
    decided: Callable[[config.Config], None]
    standing_by: Callable[[], None]
    unreachable: Callable[[ConnectivityError], object]
    document: Callable[[], Mapping[str, Any]]
    name: str
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _published: Mapping[str, Any] | None = None
    _failures: int = 0
    _working: asyncio.Task[None] | None = None

    def changed(self) -> None:
        """Have the document published soon."""
        self._wake.set()

    async def run(self) -> None:
        """Compete for the lock and work while it is held; ends when the work ends.

        Raises:
            Exception: whatever the work raises.
        """
        try:
            while self._working is None or not self._working.done():
                try:
                    connection = await connect(self.main, "service")
                except ConnectivityError as error:
                    if self._working is None:
                        self.unreachable(error)
                    await self._pause()
                    continue
                try:
                    await self._hold(connection)
                finally:
                    connection.terminate()
            await self._working
        finally:
            await self._stop_working()

    async def _hold(self, connection: Connection) -> None:
        """Take the lock, work, and keep the lock while the connection lives."""
        try:
            async with asyncio.timeout(ANSWER):
                held = await connection.fetchval(statement("working_lock", "server"))
            if not held:
                if self._working is not None:
                    _log.warning("another instance works now; standing by")
                    await self._stop_working()
                self.standing_by()
                await self._wait_for_lock(connection)
            if self._working is None:
                self._working = asyncio.create_task(self.work(), name="work")
            self._failures, self._published = 0, None
            await self._keep(connection, self._working)
        except (*UNREACHABLE, asyncpg.PostgresError, asyncpg.InternalClientError) as error:
            _log.warning("the connection that holds the working lock was lost", error=str(error))
            await self._pause()

    async def _stop_working(self) -> None:
        working, self._working = self._working, None
        if working is not None:
            working.cancel()
            await asyncio.wait({working})

    async def _wait_for_lock(self, connection: Connection) -> None:
        held = False
        while not held:
            await asyncio.sleep(POLL)
            async with asyncio.timeout(ANSWER):
                held = await connection.fetchval(statement("working_lock", "server"))

    async def _keep(self, connection: Connection, working: asyncio.Task[None]) -> None:
        def heard(*_: object) -> None:
            self._wake.set()

        async with asyncio.timeout(ANSWER):
            await connection.add_listener(config.CHANNEL, heard)
        while not working.done():
            self._wake.clear()
            async with asyncio.timeout(ANSWER):
                await self._exchange(connection)
            await self._woken(working, POLL)

    async def _exchange(self, connection: Connection) -> None:
        """Read the decisions, and publish where there is something new to tell."""
        try:
            self.decided(await config.read(connection))
            document = dict(self.document())
            if document != self._published:
                await config.publish(connection, document, self.name)
                self._published = document
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            self._published = None  # not installed yet, or just uninstalled

    async def _pause(self) -> None:
        self._failures += 1
        seconds = delay(self._failures, Fault.CONNECTIVITY)
        if self._working is None:
            await asyncio.sleep(seconds)
        else:
            await asyncio.wait({self._working}, timeout=seconds)

    async def _woken(self, working: asyncio.Task[None], seconds: float) -> None:
        """Wait for a reason to look again: a notification, something to publish, the work's end, the time."""
        waiting = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({waiting, working}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
