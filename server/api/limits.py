"""How often one may try, by who tries: a bucket of tries that fills up again. Bounded in memory."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MOST_KEYS: Final = 10_000
"""Those who tried last are remembered; who has not tried for long has a full bucket anyway."""


class Limit:
    """A number of tries at once, and as many again over a time.

    Args:
        tries: how many at once.
        seconds: over which an empty bucket becomes full.
        clock: seconds that only go up.
    """

    def __init__(self, tries: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._tries = tries
        self._rate = tries / seconds
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Seconds until another try is left; 0: there is one."""
        missing = 1 - self._now(key)
        return 0 if missing <= 0 else math.ceil(missing / self._rate)

    def take(self, key: str) -> None:
        """Use up a try."""
        self._left[key] = (max(self._now(key) - 1, 0.0), self._clock())
        self._left.move_to_end(key)
        while len(self._left) > MOST_KEYS:
            self._left.popitem(last=False)

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._left)

    def _now(self, key: str) -> float:
        left, at = self._left.get(key, (float(self._tries), 0.0))
        return min(self._tries, left + (self._clock() - at) * self._rate)
