"""One operation at a time, whichever process runs it: an advisory lock on MAIN, held on its own connection."""

from __future__ import annotations

import asyncio
from typing import Final

from cdc.session import Connection, Endpoint, connect
from cdc.snapshot import history
from cdc.snapshot.history import LOCKED, PACKAGE, Status
from server.databases import require_installed
from server.operations.errors import OperationBusy
from server.problems import time_text
from triggers.statements import statement

ANSWER: Final = 10.0
"""Seconds within which MAIN must answer."""
TRIES: Final = 10
AGAIN: Final = 0.1
"""How often a lock that no entry explains is tried for, and the seconds between: it is held for a look only."""


class OperationLock:
    """The lock while it is held; its connection also writes the operation's entry.

    Attributes:
        connection: the session that holds the lock.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @classmethod
    async def take(cls, main: Endpoint) -> OperationLock:
        """Take the lock, or say who has it.

        Raises:
            OperationBusy: another operation runs.
            ConnectivityError: MAIN cannot be reached.
            InstallRefused: schema cdc is not installed there.
        """
        connection = await connect(main, "operation")
        try:
            async with asyncio.timeout(ANSWER):
                await require_installed({main.side: connection})
                await _locked(connection)
        except BaseException:
            connection.terminate()
            raise
        return cls(connection)

    async def release(self) -> None:
        """Give the lock up. The server frees it once the session has ended."""
        try:
            async with asyncio.timeout(ANSWER):
                await self.connection.close()
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it goes
            self.connection.terminate()


async def _locked(connection: Connection) -> None:
    """Take the lock. One that is held for an instant only, without an entry, is waited for."""
    for _ in range(TRIES):
        if await connection.fetchval(statement("operation_lock", PACKAGE)):
            return
        running, _ = await history.page(connection, limit=len(LOCKED), status=Status.RUNNING)
        entry = next((each for each in running if each.type in LOCKED), None)
        if entry is not None:
            began, by = time_text(entry.started_at), entry.actor or "somebody"
            raise OperationBusy(
                f"operation {entry.id} ({entry.type}) runs since {began}, begun by {by}",
                running=entry.id,
                hint="Wait for it, or cancel it: `cdc history` shows how far it is.",
            )
        await asyncio.sleep(AGAIN)
    raise OperationBusy("another operation is about to run", running=None, hint="Try again in a moment.")


async def is_held(connection: Connection) -> bool:
    """Whether some session holds the lock."""
    return bool(await connection.fetchval(statement("operation_running", PACKAGE)))
