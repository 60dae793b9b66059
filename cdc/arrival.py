"""What becomes of a row that was fetched because only its key was recorded. Pure: facts in, a verdict out.

Nothing tells what the source's row was before, so the target's is overwritten only while nothing happened to it that
the source has not met. What it has met without taking it over is in an entry of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Waiting(Enum):
    """What a live entry of the key at the source means."""

    CONFLICT = auto()
    """It is in conflict there."""
    CHANGE = auto()
    """A change of the target's was put off there."""
    ROW = auto()
    """The source waits in its turn for the target's row: both were written, neither had the other's."""


class Arrival(Enum):
    """What to do."""

    WRITE = auto()
    DELETE = auto()
    DONE = auto()
    """The target has the row already, or it is to stay as it is until the source's conflict is decided."""
    LATER = auto()
    CONFLICT = auto()


@dataclass(frozen=True, slots=True)
class Meeting:
    """A key's two rows. `touched`: an application wrote the target's, and the source has not met that yet."""

    sent: bool
    """The source has a row."""
    same: bool
    """Both sides have the same row, or none."""
    waiting: Waiting | None
    touched: bool


def arrive(meeting: Meeting) -> Arrival:
    """Decide on one key."""
    if meeting.same or meeting.waiting is Waiting.CONFLICT:
        return Arrival.DONE
    if meeting.waiting is Waiting.ROW:
        return Arrival.CONFLICT
    if meeting.waiting is Waiting.CHANGE or meeting.touched:
        return Arrival.LATER
    return Arrival.WRITE if meeting.sent else Arrival.DELETE
