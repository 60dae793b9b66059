"""Whether a column holds the values of another type as they are. Pure: types as `format_type` prints them.

PostgreSQL raises where a value is too long, out of range or of no sense; that row then becomes a conflict. It
does not raise where digits are rounded, a time zone or a time of day is dropped, a name is cut, or a text is
taken for the number or date that it spells. There the table has to wait.
"""

from __future__ import annotations

import re
from typing import Final

_SIZE: Final = re.compile(r"\((-?\d+)(?:,(-?\d+))?\)")
_NO_LIMIT: Final = 1_000
_MICROSECONDS: Final = 6

_WIDER: Final = {
    "smallint": {"integer", "bigint", "numeric"},
    "integer": {"bigint", "numeric"},
    "bigint": {"numeric"},
    "real": {"double precision"},
    "character varying": {"text"},
    "text": {"character varying"},
    "jsonb": {"json"},
}
"""Kinds of types that hold all values of a kind, and print them alike."""

_STRINGS: Final = frozenset({"text", "character varying", "character", "name"})
_NUMBERS: Final = frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision", "money"})
_TIMES: Final = frozenset(
    {
        "date",
        "timestamp without time zone",
        "timestamp with time zone",
        "time without time zone",
        "time with time zone",
        "interval",
    }
)
_OTHERS: Final = frozenset(
    {
        "boolean",
        "bytea",
        "bit",
        "bit varying",
        "uuid",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "json",
        "jsonb",
        "oid",
    }
)
_TYPED: Final = _NUMBERS | _TIMES | _OTHERS

_INTEGERS: Final = frozenset({"smallint", "integer", "bigint"})
_EXACT: Final = {
    "smallint": _INTEGERS | {"numeric", "real", "double precision"},
    "integer": _INTEGERS | {"numeric", "double precision"},
    "bigint": _INTEGERS | {"numeric"},
    # What is no whole number, or out of range, raises.
    "numeric": _INTEGERS,
    "real": _INTEGERS | {"numeric", "double precision"},
    "double precision": _INTEGERS | {"numeric"},
    "date": {"timestamp without time zone", "timestamp with time zone"},
    "timestamp without time zone": {"timestamp with time zone"},
    "time without time zone": {"time with time zone"},
    "cidr": {"inet"},
    "inet": {"cidr"},
    "jsonb": {"json"},
    "bit": {"bit varying"},
    "bit varying": {"bit"},
}
"""Kinds that take a kind's values as they are, or raise."""


def fits(source: str, target: str) -> bool:
    """Whether every value of one type is held by another, and printed alike.

    Args:
        source: the type as `format_type` prints it, domains resolved.
        target: likewise.
    """
    if source == target:
        return True
    (left, size, scale), (right, room, other_scale) = _parse(source), _parse(target)
    if left != right:
        # A wider kind of type fits only where it has no limit of its own.
        return room is None and right in _WIDER.get(left, ())
    if left in {"character", "bit"}:
        return False
    return room is None or (size is not None and room >= size and other_scale == scale)


def rounds(source: str, target: str) -> bool:
    """Whether a value may be another one once it is stored, without anything being raised.

    Args:
        source: the type as `format_type` prints it, with its modifier; domains resolved.
        target: likewise.
    """
    if source == target:
        return False
    (left, size, scale), (right, room, room_scale) = _parse(source), _parse(target)
    if left != right:
        if left.endswith("[]") is not right.endswith("[]"):
            return right not in _STRINGS
        return _changes_kind(left.removesuffix("[]"), right.removesuffix("[]"))
    limit, had = 0, 0
    if left.startswith("numeric"):
        limit, had = room_scale, _NO_LIMIT if size is None else scale
    elif _is_time(left):
        limit, had = room or 0, _MICROSECONDS if size is None else size
    return room is not None and limit < had


def alike(one: str, other: str) -> bool:
    """Whether two columns print equal values alike, as far as both can hold them.

    Args:
        one: the type as `format_type` prints it, domains resolved.
        other: likewise.
    """
    kinds = {_parse(one)[0], _parse(other)[0]}
    mixed = bool(kinds & {"text", "character varying"}) and "character" not in kinds
    return fits(one, other) or fits(other, one) or (mixed and len(kinds) > 1)


def _changes_kind(left: str, right: str) -> bool:
    if left.startswith("interval") and right.startswith("interval"):
        return right != "interval"
    if right == "name" or (right == "character" and left in _STRINGS):
        return True
    if left in _STRINGS and right in _TYPED:
        return right != "json"
    return left in _TYPED and right in _TYPED and right not in _EXACT.get(left, ())


def _is_time(name: str) -> bool:
    return name.split(" ", 1)[0] in {"timestamp", "time", "interval"}


def _parse(text: str) -> tuple[str, int | None, int]:
    """Name without modifier, the modifier's first number, and its second."""
    found = _SIZE.search(text)
    if found is None:
        return text, None, 0
    return text[: found.start()] + text[found.end() :], int(found[1]), int(found[2] or 0)
