"""A link's limits, and what it tells about its work. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

BATCH_ROWS: Final = 10_000
BATCH_BYTES: Final = 16 * 1024 * 1024
LAGS_KEPT: Final = 1_000


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


@dataclass(slots=True)
class Stats:
    """What a link has done since it was made. Lags are seconds from the write to its commit on the target."""

    applied: int = 0
    conflicts: int = 0
    last_applied_at: datetime | None = None
    lags: deque[float] = field(default_factory=lambda: deque(maxlen=LAGS_KEPT))
