"""Text keys in the form Prisma's cuid() gives them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LENGTH = 25


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def cuids(chance: random.Random) -> Callable[[datetime], str]:
    """Return a maker of keys: 'c', the given instant in milliseconds, a counter, then noise from `chance`.

    Like real ones they rise with time and are 25 characters long. One maker never repeats itself; two
    makers collide only where instant, counter and 13 characters of noise all agree.
    """
    count = chance.randrange(36**3)

    def make(at: datetime) -> str:
        nonlocal count
        count = (count + 1) % 36**4
        head = "c" + _base36(int(at.timestamp() * 1000)) + _base36(count).rjust(4, "0")
        return head + "".join(chance.choices(_DIGITS, k=_LENGTH - len(head)))

    return make
