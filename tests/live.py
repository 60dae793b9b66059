"""Links that run by themselves, as in the service, for tests whose applications write meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from cdc.model import Side
from tests.synced import Synced

PATIENCE = 150.0
"""Seconds that any one thing is waited for; reached only when something is broken."""


@asynccontextmanager
async def running(both: Synced) -> AsyncIterator[None]:
    """Run both links and the referee until the block ends; the error of any of them is raised at once."""
    await both.engine.close()
    for link in both.engine.links.values():
        await link.open(listen=True)
    await both.engine.referee.open()
    body = asyncio.current_task()
    assert body is not None
    works = [*(link.run() for link in both.engine.links.values()), both.engine.referee.run()]
    tasks = [asyncio.create_task(work) for work in works]
    for task in tasks:
        task.add_done_callback(lambda done: done.cancelled() or body.cancel())
    try:
        yield
    except asyncio.CancelledError:
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await both.engine.close()


async def until(condition: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(patience):
        while not await condition():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.01)


async def equal(both: Synced, *tables: str) -> None:
    """Wait until both sides hold the same rows."""

    async def same() -> bool:
        for table in tables:
            if await both.rows(Side.MAIN, table) != await both.rows(Side.BACKUP, table):
                return False
        return True

    await until(same)
