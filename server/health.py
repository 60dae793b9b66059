"""What is known of one link while the service runs: its state, its failures, and when to try again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg
from tenacity import AsyncRetrying, RetryCallState, wait_random_exponential

from cdc.errors import (
    CdcError,
    ConfigurationError,
    ConnectivityError,
    HistoryError,
    InstallRefused,
    PositionBusy,
)
from cdc.session import UNREACHABLE

SHORTEST_DELAY = 0.2
FIRST_DELAY = 0.5
LONGEST_DELAY = 10.0
LONGEST_PROBE = 5.0
"""Seconds: between attempts after an error, and between probes of a database that is away."""


class LinkState(StrEnum):
    """The states of a link, as the contract names them."""

    STREAMING = "streaming"
    COPYING = "copying"
    PAUSED = "paused"
    STOPPED = "stopped"
    RECONNECTING = "reconnecting"
    COMPARING = "comparing"


class Fault(StrEnum):
    """What kind of failure an error is, which decides on how it is retried."""

    CONNECTIVITY = "connectivity"
    PASSING = "passing"
    FINAL = "final"


def classify(error: BaseException) -> Fault:
    """Tell a database that is away (retried without end) from what retrying can or cannot mend."""
    if isinstance(error, BaseExceptionGroup):
        kinds = {classify(inner) for inner in error.exceptions}
        return next(kind for kind in (Fault.FINAL, Fault.PASSING, Fault.CONNECTIVITY) if kind in kinds)
    if isinstance(error, ConnectivityError | PositionBusy):
        # A restore holds the position of the link that writes to its target; that may take long, and ends by itself.
        return Fault.CONNECTIVITY
    if isinstance(error, HistoryError | InstallRefused | ConfigurationError):
        return Fault.FINAL
    if isinstance(error, asyncpg.InternalClientError):
        return Fault.CONNECTIVITY
    return Fault.CONNECTIVITY if isinstance(error, UNREACHABLE) else Fault.PASSING


def describe(error: BaseException) -> tuple[str, str]:
    """Give an error's message and hint, for people; of a group, those of its first member."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    message = str(error) or type(error).__name__
    if not isinstance(error, CdcError):
        message = f"{type(error).__name__}: {error}" if str(error) else message
    return message, str(getattr(error, "hint", "") or "")


def delay(failures: int, fault: Fault) -> float:
    """Seconds until the next attempt: anything up to a limit that doubles with each failure and is capped."""
    longest = LONGEST_PROBE if fault is Fault.CONNECTIVITY else LONGEST_DELAY
    state = RetryCallState(AsyncRetrying(), None, (), {})
    state.attempt_number = max(failures, 1)
    return wait_random_exponential(multiplier=FIRST_DELAY, max=longest, min=SHORTEST_DELAY)(state)


@dataclass(slots=True)
class Health:
    """One link's state. `limit` failures in a row make it give up (SYNC_MAX_FAILURES)."""

    limit: int
    state: LinkState = LinkState.RECONNECTING
    failures: int = 0
    fault: Fault | None = None
    error: str | None = None
    hint: str = ""
    failed_at: datetime | None = None
    total: int = 0
    """Failures since the start."""

    @property
    def gave_up(self) -> bool:
        """Whether nothing but `resume` makes it try again."""
        return self.state is LinkState.STOPPED and self.fault is not Fault.CONNECTIVITY

    def succeeded(self) -> bool:
        """Note that the link works. Returns whether it had not."""
        recovered = self.failures > 0 or self.state is not LinkState.STREAMING
        self.state = LinkState.STREAMING
        self.failures, self.fault, self.error, self.hint = 0, None, None, ""
        return recovered

    def failed(self, error: BaseException, at: datetime) -> bool:
        """Note a failure. Returns whether the link stops with this one, which is worth an alert."""
        self.failures += 1
        self.total += 1
        self.fault = classify(error)
        self.error, self.hint = describe(error)
        self.failed_at = at
        stopped = self.fault is Fault.FINAL or self.failures >= self.limit
        first = stopped and self.state is not LinkState.STOPPED
        self.state = LinkState.STOPPED if stopped else LinkState.RECONNECTING
        return first

    def forgiven(self) -> None:
        """Start counting anew: somebody said `resume`."""
        self.state = LinkState.RECONNECTING
        self.failures, self.fault = 0, None

    def as_json(self) -> dict[str, Any]:
        """Give what is published for others to read."""
        return {
            "state": self.state.value,
            "consecutiveFailures": self.failures,
            "lastError": self.error,
            "hint": self.hint,
            "connectivity": self.fault is Fault.CONNECTIVITY,
        }
