"""An operation run by a command: begun when nothing else runs, shown as it goes, ended by Ctrl-C."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, NoReturn, TypeAlias

import click
from rich.console import RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cdc.errors import CdcError
from cdc.snapshot.history import Entry, Status
from server import console
from server.databases import opened
from server.operations.documents import entry_document
from server.operations.errors import OperationBusy, OperationNotFound
from server.operations.operations import Operations
from server.settings import Settings
from server.signals import asked_to_end

PATIENCE: Final = 60.0
AGAIN: Final = 0.5
"""Seconds that a command waits for another operation if not told otherwise, and for one without an entry."""
WELL: Final = frozenset({Status.COMPLETED, Status.UNCHANGED, Status.NOT_TESTABLE})

Start: TypeAlias = Callable[[Operations], Awaitable[int]]

wait_option = click.option(
    "--wait",
    type=click.FloatRange(0, 86_400),
    default=PATIENCE,
    show_default=True,
    help="Seconds to wait where another operation runs.",
)


@asynccontextmanager
async def operating(settings: Settings) -> AsyncIterator[Operations]:
    """Open both databases for operations.

    Raises:
        ConfigurationError: no database is named, or BACKUP_DIR cannot be used.
    """
    async with opened(settings) as databases, Operations(databases, settings) as operations:
        yield operations


async def perform(operations: Operations, start: Start, wait: float) -> Entry:
    """Run an operation to its end, with a bar on a terminal; SIGINT and SIGTERM end it cleanly.

    Args:
        operations: what runs it.
        start: begins it.
        wait: seconds to wait for another one to end.

    Raises:
        OperationBusy: another one still runs.
    """
    with _bar() as show, asked_to_end() as asked:
        end = operations.subscribe(show)
        try:
            number = await _begun(operations, start, wait)
            waiting = asyncio.create_task(operations.wait(number))
            ending = asyncio.create_task(asked.wait())
            await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            if not waiting.done():
                await operations.cancel(number, console.person())
            return await waiting
        finally:
            end()


def report(entry: Entry, human: RenderableType, *, as_json: bool) -> None:
    """Print how an operation ended; ends the command with code 1 where it did not end well."""
    well = entry.status in WELL
    if well or as_json:
        console.show(entry_document(entry), human, as_json=as_json)
    if not well:
        fail(entry)


def fail(entry: Entry) -> NoReturn:
    """End the command with what an operation failed with."""
    raise OperationEnded(
        f"{entry.type} {entry.status.lower()}: {entry.error or 'no reason is known'}",
        hint=str(entry.detail.get("hint") or ""),
    )


class OperationEnded(CdcError):
    """An operation that this command began did not end well; its entry says why."""


async def _begun(operations: Operations, start: Start, wait: float) -> int:
    until, told = time.monotonic() + wait, False
    while True:
        try:
            return await start(operations)
        except OperationBusy as busy:
            if time.monotonic() >= until:
                raise
            if not told and busy.running is not None:
                console.console(stderr=True).print(f"[dim]waiting: {escape(str(busy))}[/dim]", soft_wrap=True)
                told = True
            await _passed(operations, busy, until - time.monotonic())


async def _passed(operations: Operations, busy: OperationBusy, seconds: float) -> None:
    """Wait for the operation that is in the way, but not for longer than that."""
    if busy.running is None:
        await asyncio.sleep(AGAIN)
        return
    with suppress(TimeoutError, OperationNotFound):
        async with asyncio.timeout(seconds):
            await operations.wait(busy.running)


@contextmanager
def _bar() -> Iterator[Callable[[Entry], None]]:
    """Give what shows an entry's progress: a bar on a terminal, nothing elsewhere."""
    printer = console.console(stderr=True)
    if not printer.is_terminal:
        yield lambda _entry: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=printer, transient=True) as bars:
        task = bars.add_task("", total=None)

        def show(entry: Entry) -> None:
            if (progress := entry.progress) is None:
                return
            words = [str(progress.get("phase") or "").lower(), str(progress.get("entity") or "")]
            bars.update(
                task,
                description=escape(" ".join(word for word in words if word)),
                completed=_count(progress.get("rowsDone")) or 0,
                total=_count(progress.get("rowsTotal")),
            )

        yield show


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
