"""Light traffic on both sides of the demo, for as long as it is let run."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from server.demo.cuid import cuids
from server.demo.dispute import reprice
from server.demo.office import work
from server.demo.till import ring
from triggers.statements import statement

_log = structlog.get_logger(__name__)
_PACKAGE = "server.demo"
_TIMEOUT = 10.0  # seconds, for connecting and for each statement
_BACKOFF = (0.5, 1.0, 2.0, 5.0)  # seconds before the next attempt; the last one repeats
_SETTINGS = {"lock_timeout": "3s", "idle_in_transaction_session_timeout": "10s"}

# A server that goes away shows as any of these, according to what asyncpg was at.
_PASSING = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

Step = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Pace:
    """Mean seconds between two transactions of each kind; each pause is jittered by half."""

    till: float = 0.6
    office: float = 0.9
    dispute: float = 25.0
    first_dispute: float = 8.0


async def run(main_url: str, backup_url: str, *, pace: Pace | None = None) -> None:
    """Write to both sides, a few small transactions a second, until cancelled.

    The till works on MAIN at once, the office on BACKUP and the disputes once both sides have met. A server
    that goes away is waited for without a word (level DEBUG only).

    Args:
        main_url: libpq URI of MAIN.
        backup_url: libpq URI of BACKUP.
        pace: how often what happens.
    """
    pace = pace or Pace()
    chance = random.Random()  # noqa: S311  # what is sold next is no secret
    key = cuids(chance)

    async def till(main: asyncpg.Connection) -> None:
        await ring(main, chance, key)

    async def office(backup: asyncpg.Connection) -> None:
        if await _met(backup):
            await work(backup, chance, key)

    async def dispute(main: asyncpg.Connection, backup: asyncpg.Connection) -> None:
        if await _met(main) and await _met(backup):
            await reprice(main, backup, chance)

    async def repeat(name: str, urls: Sequence[str], step: Step, every: float, first: float) -> None:
        await asyncio.sleep(first)
        failures = 0
        while True:
            try:
                async with AsyncExitStack() as stack:
                    connections = [await _connection(stack, url, name) for url in urls]
                    while True:
                        await step(*connections)
                        failures = 0
                        await asyncio.sleep(every * chance.uniform(0.5, 1.5))
            except _PASSING as error:
                _log.debug("demo traffic waits", actor=name, error=type(error).__name__)
                await asyncio.sleep(_BACKOFF[min(failures, len(_BACKOFF) - 1)] * chance.uniform(0.5, 1.0))
                failures += 1

    async with asyncio.TaskGroup() as group:
        group.create_task(repeat("till", [main_url], till, pace.till, 0))
        group.create_task(repeat("office", [backup_url], office, pace.office, 0))
        urls = [main_url, backup_url]
        group.create_task(repeat("dispute", urls, dispute, pace.dispute, pace.first_dispute))


async def _connection(stack: AsyncExitStack, url: str, name: str) -> asyncpg.Connection:
    """Connect as the named actor; the stack drops the connection at once, without a farewell to wait for."""
    settings = {**_SETTINGS, "application_name": f"snooker club {name}"}
    connection = await asyncpg.connect(
        url, timeout=_TIMEOUT, command_timeout=_TIMEOUT, server_settings=settings
    )
    stack.callback(connection.terminate)
    return connection


async def _met(connection: asyncpg.Connection) -> bool:
    """Tell whether first contact is behind this side and its changes are captured, so that it may be written."""
    try:
        return bool(await connection.fetchval(statement("met", _PACKAGE)))
    except asyncpg.UndefinedTableError:
        return False
