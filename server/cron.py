"""The five fields of a cron expression, checked. Pure."""

from __future__ import annotations

import re

_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of the month", 1, 31),
    ("month", 1, 12),
    ("day of the week", 0, 7),
)
_NAMES = {
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    "day of the week": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
}
_PART = re.compile(r"(\*|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/([0-9]{1,3}))?")


def fault(expression: str) -> str | None:
    """Say what is wrong with an expression such as `*/5 * * * *`; None where nothing is."""
    fields = expression.lower().split()
    if len(fields) != len(_FIELDS):
        return f"has {len(fields)} fields instead of {len(_FIELDS)}"
    for text, (name, low, high) in zip(fields, _FIELDS, strict=True):
        if not all(_valid(part, name, low, high) for part in text.split(",")):
            return f"the {name} {text!r} is not a number from {low} to {high}, a range, a list or a step"
    return None


def _valid(part: str, name: str, low: int, high: int) -> bool:
    match = _PART.fullmatch(part)
    if match is None:
        return False
    start, end, step = match.groups()
    if step is not None and not 1 <= int(step) <= high:
        return False
    if start == "*":
        return end is None
    first = _number(start, name, low)
    last = first if end is None else _number(end, name, low)
    return first is not None and last is not None and low <= first <= last <= high


def _number(text: str, name: str, low: int) -> int | None:
    if re.fullmatch(r"[0-9]{1,3}", text):
        return int(text)
    names = _NAMES.get(name, ())
    return names.index(text) + low if text in names else None
