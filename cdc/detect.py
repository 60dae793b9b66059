"""Whether a change contradicts the target's row. Pure: facts in, a verdict out.

Change   current = before        current = after   otherwise                 no current row
insert   -                       ALREADY_THERE     INSERT_EXISTS             APPLY
update   APPLY                   ALREADY_THERE     UPDATE_ORIGIN_DIFFERS     UPDATE_MISSING
delete   APPLY                   -                 DELETE_ORIGIN_DIFFERS     GONE
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from cdc.model import ConflictType, Image


class Verdict(StrEnum):
    """What to do with a change that no conflict stops."""

    APPLY = "APPLY"
    ALREADY_THERE = "ALREADY_THERE"
    GONE = "GONE"


@dataclass(frozen=True, slots=True)
class Facts:
    """A net change of one key beside the target's row. Sameness is found by PostgreSQL, never here."""

    has_before: bool
    has_after: bool
    present: bool
    same_as_before: bool
    same_as_after: bool


def detect(facts: Facts) -> Verdict | ConflictType:  # noqa: PLR0911 - one line per case is the table above
    """Decide on one net change; ALREADY_THERE and GONE still go on the recheck list."""
    match facts:
        case Facts(has_before=False, has_after=False):
            return Verdict.GONE
        case Facts(present=False, has_before=False):
            return Verdict.APPLY
        case Facts(present=False, has_after=False):
            return Verdict.GONE
        case Facts(present=False):
            return ConflictType.UPDATE_MISSING
        case Facts(has_after=True, same_as_after=True):
            return Verdict.ALREADY_THERE
        case Facts(has_before=True, same_as_before=True):
            return Verdict.APPLY
        case Facts(has_before=False):
            return ConflictType.INSERT_EXISTS
        case Facts(has_after=False):
            return ConflictType.DELETE_ORIGIN_DIFFERS
        case _:
            return ConflictType.UPDATE_ORIGIN_DIFFERS


def is_ahead(
    before: Image | None, after: Image | None, current: Image | None, following: Collection[str]
) -> bool:
    """Whether a row differs from what it was only by references that are as they are to be already.

    Args:
        before: what the row was at the source.
        after: what it is to be.
        current: what it is at the target.
        following: columns that follow a parent's key by themselves.
    """
    if before is None or after is None or current is None:
        return False
    moved = [name for name in before if current.get(name) != before[name]]
    return bool(moved) and all(name in following and current.get(name) == after.get(name) for name in moved)
