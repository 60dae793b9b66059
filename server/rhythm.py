"""When backups are due: every so many seconds, or by a cron expression. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from server import cron
from server.settings import Settings

MISSED: Final = 3
"""Backups that have to be missed in a row before that is worth an alarm."""
GRACE: Final = timedelta(seconds=30)
"""What comes on top, for short intervals."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often. `expression` counts where both are given."""

    seconds: int = 60
    expression: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read it from the settings."""
        return cls(settings.backup_interval_seconds, settings.backup_cron)

    def following(self, at: datetime) -> datetime:
        """The first time after another one."""
        if self.expression is not None:
            return cron.next_time(self.expression, at)
        return at + timedelta(seconds=self.seconds)

    def due(self, last: datetime | None, now: datetime) -> datetime:
        """When the next backup is to begin. Those that were missed meanwhile are one, which is due now.

        Args:
            last: when the last one began; None where there was none.
            now: the time.
        """
        if last is None:
            return now
        if last > now:  # the clock was set back
            return self.following(now)
        return max(self.following(last), now)

    def gap(self, at: datetime) -> timedelta:
        """How far the two backups after that time are apart."""
        first = self.following(at)
        return self.following(first) - first

    def alarm(self, good: datetime) -> datetime:
        """When it is an alarm that no good backup has begun since that time."""
        for _ in range(MISSED):
            good = self.following(good)
        return good + GRACE
