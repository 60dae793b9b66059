"""How long changes were on their way, and how many there are a second: bounded figures. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

SAMPLES: Final = 1_000
RECENT_S: Final = 300.0
"""Percentiles are of the samples of the last RECENT_S seconds, the last SAMPLES of them at most."""
WINDOW_S: Final = 10
"""Seconds over which changes a second are counted."""
BOUNDS: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0),
)
"""Upper bounds of the histogram's buckets in seconds; what is longer is in one more."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Lags in seconds that half, 95 and 99 of a hundred changes did not exceed."""

    p50: float
    p95: float
    p99: float

    def as_json(self) -> dict[str, float]:
        """Give them in milliseconds, as the contract has them."""
        return {name: round(getattr(self, name) * 1000, 3) for name in ("p50", "p95", "p99")}


@dataclass(slots=True)
class Lags:
    """Lags of applied changes. `counts` and `total_s` are since the beginning, the percentiles are of late."""

    counts: list[float] = field(default_factory=lambda: [0.0] * (len(BOUNDS) + 1))
    total_s: float = 0.0
    _samples: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=SAMPLES))

    def add(self, moment: float, seconds: Iterable[float], changes: int) -> None:
        """Count lags.

        Args:
            moment: when, on a clock that only goes forward, in seconds.
            seconds: lags of some of the changes, evenly chosen; a negative one counts as none.
            changes: how many changes these stand for.
        """
        lags = [max(lag, 0.0) for lag in seconds]
        for lag in lags:
            weight = changes / len(lags)
            self.counts[bisect_left(BOUNDS, lag)] += weight
            self.total_s += lag * weight
            self._samples.append((moment, lag, weight))

    def percentiles(self, moment: float) -> Percentiles | None:
        """Give the percentiles of late; None where nothing was applied of late."""
        recent = sorted((lag, weight) for at, lag, weight in self._samples if moment - at <= RECENT_S)
        if not recent:
            return None
        sums = [*accumulate(weight for _, weight in recent)]
        p50, p95, p99 = (
            recent[min(bisect_left(sums, share * sums[-1]), len(recent) - 1)][0]
            for share in (0.5, 0.95, 0.99)
        )
        return Percentiles(p50, p95, p99)


@dataclass(slots=True)
class Rate:
    """Changes a second over a window that slides."""

    _seconds: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=WINDOW_S + 1))

    def add(self, moment: float, changes: int) -> None:
        """Count changes at a moment in seconds, on a clock that only goes forward."""
        second = int(moment)
        if self._seconds and self._seconds[-1][0] == second:
            changes += self._seconds.pop()[1]
        self._seconds.append((second, changes))

    def per_second(self, moment: float) -> float:
        """Changes a second over the whole seconds of the window that ended last."""
        now = int(moment)
        return sum(count for second, count in self._seconds if now - WINDOW_S <= second < now) / WINDOW_S
