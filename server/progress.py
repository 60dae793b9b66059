"""How far the first copy is: a bar on a terminal, a log line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

EVERY = 5.0
"""Seconds between two log lines."""

Show = Callable[[str, int, int], None]
"""Called with a table, the rows copied so far and the rows it has."""

_log = structlog.get_logger(__name__)


@contextmanager
def shown(console: Console) -> Iterator[Show]:
    """Give what a copy reports its progress to; nothing is shown before its first report."""
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=console, transient=True)
    sums = _Sums()
    tasks: list[TaskID] = []

    def show(entity: str, copied: int, total: int) -> None:
        done, rows = sums.add(entity, copied, total)
        if not tasks:
            bars.start()
            tasks.append(bars.add_task("", total=rows))
        bars.update(tasks[0], description=f"{sums.tables} tables, {entity}", completed=done, total=rows)

    try:
        yield show
    finally:
        bars.stop()


class _Sums:
    """Rows copied and rows there are, over all tables that were heard of."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[int, int]] = {}

    @property
    def tables(self) -> int:
        return len(self._tables)

    def add(self, entity: str, copied: int, total: int) -> tuple[int, int]:
        self._tables[entity] = (copied, total)
        return (
            sum(done for done, _ in self._tables.values()),
            sum(rows for _, rows in self._tables.values()),
        )


class _Lines:
    """Logs the sums at most every few seconds."""

    def __init__(self) -> None:
        self._sums = _Sums()
        self._next = 0.0

    def __call__(self, entity: str, copied: int, total: int) -> None:
        done, rows = self._sums.add(entity, copied, total)
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            _log.info("copying", table=entity, tables=self._sums.tables, rows=done, of=rows)
