"""Ways for rows to exchange values that cannot be deferred: first all let go of theirs, then all take others. Pure.

Where the source did it with a value in between, an entry that was put off does not know that value any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cdc.change import Change
from cdc.images import to_image, to_text
from cdc.model import Op
from cdc.shape import TableShape

Halves = tuple[list[Change], list[Change]]


def detours(changes: Sequence[tuple[Change, TableShape]]) -> Iterator[Halves]:
    """Each way as two lots of changes that lead to the same rows one after the other.

    Values become NULL for a moment where they may. Else rows go and come again: not where others refer to them, since
    somebody who inserts such a row may be waiting for this one, and not where the target has columns of its own.

    Args:
        changes: net changes, one per row, with the target's tables.
    """
    loose = [_through_null(change, shape) for change, shape in changes]
    if any(first and second for first, second in loose):
        yield _in_turn(loose)
    if not any(change.op is Op.UPDATE and _is_needed(change, shape) for change, shape in changes):
        yield _in_turn([_through_absence(change) for change, _ in changes])


def _in_turn(halves: Sequence[tuple[Change | None, Change | None]]) -> Halves:
    return [first for first, _ in halves if first], [second for _, second in halves if second]


def _through_null(change: Change, shape: TableShape) -> tuple[Change | None, Change | None]:
    old, new = to_image(change.columns, change.old), to_image(change.columns, change.new)
    if old is None or new is None:
        return _through_absence(change)
    referred = {name for key in shape.incoming for name in key.parent_columns}
    fixed = referred.union(column.name for column in shape.columns if column.not_null or column.generated)
    freed = [name for name in old if old[name] not in {None, new[name]} and name not in fixed]
    if not freed:
        return None, change
    between = to_text(change.columns, old | dict.fromkeys(freed))
    return replace(change, new=between), replace(change, old=between)


def _through_absence(change: Change) -> tuple[Change | None, Change | None]:
    first = None if change.old is None else replace(change, op=Op.DELETE, new=None)
    second = None if change.new is None else replace(change, op=Op.INSERT, old=None)
    return first, second


def _is_needed(change: Change, shape: TableShape) -> bool:
    """Whether a row may not go, even for a moment."""
    own = {column.name for column in shape.columns if not column.generated}
    return bool(shape.incoming) or not own <= set(change.columns)
