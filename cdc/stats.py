"""A link's limits, and what it tells about its work. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Final

from cdc.change import Change
from cdc.lag import Lags, Percentiles, Rate

BATCH_ROWS: Final = 4_000
"""So few that a batch is applied well within `cdc.patience`, on a busy machine too: else it costs twice as much."""
BATCH_BYTES: Final = 16 * 1024 * 1024
SAMPLED: Final = 10
"""Changes of a batch, about, whose lags are looked at."""


@dataclass(frozen=True, slots=True)
class Options:
    """Limits and rhythms of a link. `interval_s` is the fallback poll in seconds."""

    interval_s: float = 30.0
    batch_rows: int = BATCH_ROWS
    batch_bytes: int = BATCH_BYTES


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step did: changes read, net changes applied, conflicts opened or refreshed; `more` waits."""

    changes: int = 0
    applied: int = 0
    conflicts: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """What a link measured of late: percentiles of the lag (None: nothing applied), changes a second."""

    lag: Percentiles | None
    per_second: float


@dataclass(slots=True)
class Stats:
    """What a link has done since it was made.

    Lags are seconds from the write to its commit on the target. The write's time is by the source's clock:
    `source_ahead` (seconds, measured elsewhere) is taken off.
    """

    applied: int = 0
    conflicts: int = 0
    last_applied_at: datetime | None = None
    source_ahead: float = 0.0
    tables: Counter[str] = field(default_factory=Counter)
    """Changes applied by table."""
    lags: Lags = field(default_factory=Lags)
    rate: Rate = field(default_factory=Rate)

    def count(
        self, now: datetime, moment: float, written: Sequence[datetime], tables: Mapping[str, int]
    ) -> None:
        """Count a batch that was applied.

        Args:
            now: the time, by our clock.
            moment: the same instant in seconds, on a clock that only goes forward.
            written: when some of its changes were made, by the source's clock; evenly chosen.
            tables: how many of its changes each table had.
        """
        changes = sum(tables.values())
        self.applied += changes
        self.tables.update(tables)
        self.last_applied_at = now
        self.lags.add(moment, ((now - at).total_seconds() + self.source_ahead for at in written), changes)
        self.rate.add(moment, changes)

    def figures(self, moment: float) -> Figures:
        """Give what was measured of late; `moment` is now, on the clock that `count` was given."""
        return Figures(self.lags.percentiles(moment), self.rate.per_second(moment))


def sampled(changes: Sequence[Change]) -> tuple[Counter[int], list[datetime]]:
    """Give how many of some changes each table has (by number), and when some, the last included, were made."""
    last = len(changes) - 1
    written = [changes[i].at for i in range(last, -1, -max(len(changes) // SAMPLED, 1))]
    return Counter(map(attrgetter("table_id"), changes)), written
