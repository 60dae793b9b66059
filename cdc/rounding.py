"""Whether a column would take values of another type only after changing them without a word. Pure.

PostgreSQL raises where a value is too long or out of range; that row then becomes a conflict. It does not raise
where digits are rounded, a time zone or a time of day is dropped, or a name is cut. There the table has to wait.
"""

from __future__ import annotations

import re
from typing import Final

_MODIFIER: Final = re.compile(r"\((-?\d+)(?:,(-?\d+))?\)")
_NO_LIMIT: Final = 1_000
_TIMES: Final = frozenset({"timestamp", "time", "interval"})
_DROPS: Final = {
    "timestamp with time zone": {"timestamp without time zone", "date", "time without time zone"},
    "timestamp without time zone": {"date", "time without time zone"},
    "time with time zone": {"time without time zone"},
    "double precision": {"real"},
    "numeric": {"real", "double precision", "money"},
    "bigint": {"real", "double precision"},
    "integer": {"real"},
    "text": {"name"},
    "character varying": {"name"},
    "json": {"jsonb"},
}


def rounds(source: str, target: str) -> bool:
    """Whether a value of `source` may be another one once it is stored as `target`.

    Args:
        source: a type as `format_type` prints it, with its modifier; domains resolved.
        target: likewise.
    """
    if source == target:
        return False
    left, _, left_digits = _parse(source)
    right, modified, right_digits = _parse(target)
    if left.removesuffix("[]") != right.removesuffix("[]"):
        return right.removesuffix("[]") in _DROPS.get(left.removesuffix("[]"), ())
    return modified and right_digits < left_digits and (left.startswith("numeric") or _is_time(left))


def _is_time(name: str) -> bool:
    return name.split(" ", 1)[0] in _TIMES


def _parse(text: str) -> tuple[str, bool, int]:
    """Name without modifier, whether there is one, and how many digits after the point it leaves."""
    found = _MODIFIER.search(text)
    if found is None:
        name, modified, digits = text, False, _NO_LIMIT
    else:
        name = text[: found.start()] + text[found.end() :]
        modified, digits = True, int(found[1])
        if name.startswith("numeric"):
            digits = int(found[2] or 0)
    return name, modified, min(digits, 6) if _is_time(name) else digits
