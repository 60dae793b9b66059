"""How far a server's clock is ahead of ours, told from round trips. Pure.

A server reads its clock somewhere between our question and its answer. The middle of the two is the best guess, and
half of the round trip is what the guess may be off by. Of the last few guesses the one with the shortest trip counts.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class Offset:
    """Seconds that a clock is ahead of another (negative: behind), give or take `uncertainty` seconds."""

    ahead: float
    uncertainty: float

    def __sub__(self, other: Offset) -> Offset:
        """How far this clock is ahead of that one, both told against the same third."""
        return Offset(self.ahead - other.ahead, self.uncertainty + other.uncertainty)


def offset(asked: float, told: float, answered: float) -> Offset:
    """Tell a clock's offset from one round trip.

    Args:
        asked: when the question went out, by our clock, in seconds since 1970.
        told: what the server's clock said.
        answered: when the answer was here, by our clock.
    """
    return Offset(told - (asked + answered) / 2, abs(answered - asked) / 2)


@dataclass(slots=True)
class Clock:
    """What is known of one server's clock."""

    _offsets: deque[Offset] = field(default_factory=lambda: deque(maxlen=KEPT))

    def note(self, found: Offset) -> None:
        """Take another guess."""
        self._offsets.append(found)

    @property
    def offset(self) -> Offset | None:
        """The best guess of late; None before the first."""
        return min(self._offsets, key=lambda each: each.uncertainty, default=None)
