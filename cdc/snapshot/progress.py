"""How far an operation on a snapshot file is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

_EVERY_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of an operation. `rows_total` is estimated while writing; None where unknown."""

    phase: Literal["READING", "VERIFYING", "RESTORING"]
    entity: str | None
    rows_done: int
    rows_total: int | None


class Pace:
    """Tells of progress some times a second, and at once when the phase or the table changes."""

    def __init__(self, tell: Callable[[Progress], None] | None) -> None:
        """Take who is to be told; None: nobody."""
        self._tell = tell
        self._next = 0.0
        self._last: tuple[str, str | None] | None = None

    def tell(self, progress: Progress) -> None:
        """Pass it on if it is time."""
        now = time.monotonic()
        what = (progress.phase, progress.entity)
        if self._tell is not None and (now >= self._next or what != self._last):
            self._next, self._last = now + _EVERY_SECONDS, what
            self._tell(progress)
