"""How far the first copy is: bars on a terminal, a log line now and then elsewhere."""

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
    tasks: dict[str, TaskID] = {}

    def show(entity: str, copied: int, total: int) -> None:
        if not tasks:
            bars.start()
        if entity not in tasks:
            tasks[entity] = bars.add_task(entity, total=total)
        bars.update(tasks[entity], completed=copied, total=total)

    try:
        yield show
    finally:
        bars.stop()


class _Lines:
    """Adds up the tables and logs the sum at most every few seconds."""

    def __init__(self) -> None:
        self._tables: dict[str, tuple[int, int]] = {}
        self._next = 0.0

    def __call__(self, entity: str, copied: int, total: int) -> None:
        self._tables[entity] = (copied, total)
        now = time.monotonic()
        if now >= self._next:
            self._next = now + EVERY
            done, rows = (sum(part) for part in zip(*self._tables.values(), strict=True))
            _log.info("copying", table=entity, tables=len(self._tables), rows=done, of=rows)
