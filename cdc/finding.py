"""What comparing a key's two rows leads to, and when they may be compared. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cdc.model import ConflictType, Image
from cdc.position import Seen


@dataclass(frozen=True, slots=True)
class Row:
    """A record as one side has it: all columns, the common ones as one text, and what that side had done."""

    image: Image | None
    common: str | None
    seen: Seen


class Finding(Enum):
    """What comparing a key once led to."""

    EQUAL = auto()
    WAIT = auto()
    ARM = auto()
    DIFFERENT = auto()


@dataclass(frozen=True, slots=True)
class Readings:
    """The first comparison's two images; None where there was none yet."""

    here: str | None
    there: str | None
    armed: bool


def find(earlier: Readings, here: Row, there: Row) -> Finding:
    """Judge a key's two rows, read after both links had passed the points that were waited for. Pure.

    Even equal rows say nothing the first time: a change still under way may be about to part them.
    """
    if not earlier.armed or (earlier.here, earlier.there) != (here.common, there.common):
        return Finding.ARM
    return Finding.EQUAL if here.common == there.common else Finding.DIFFERENT


def difference(here: Row, there: Row) -> ConflictType:
    """What the conflict is about when the two rows of a key are different."""
    if there.image is None:
        return ConflictType.DELETE_ORIGIN_DIFFERS
    return ConflictType.UPDATE_MISSING if here.image is None else ConflictType.UPDATE_ORIGIN_DIFFERS


def passed(here: str, there: str | None, reverse: Seen | None, forward: Seen | None) -> bool:
    """Whether the other side has applied all this side had done, and this side all of the other's.

    Args:
        here: what was visible on this side when the key was met, or read, text of a snapshot.
        there: likewise on the other side; None where it was not read yet.
        reverse: what the other side has applied of this one, None when nothing is synced that way.
        forward: what this side has applied of the other.
    """
    if reverse is not None and not reverse.covers(Seen.parse(here)):
        return False
    return there is None or forward is None or forward.covers(Seen.parse(there))
