"""When something is told: once as an episode begins, once as it is over. Pure; the time is given.

An episode begins when its condition has lasted for as long as the condition asks, and ends when the condition has
been away for a while. One that comes back before that is the same episode, and the while doubles with each episode
that there was of late, so that what flaps is told less and less often.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from server.alerts.conditions import Condition, Finding

QUIET: Final = timedelta(seconds=60)
LONGEST_QUIET: Final = timedelta(minutes=16)
"""How long a condition must be away until its episode is over: at first, and at most."""
OF_LATE: Final = timedelta(hours=1)
MORE_EVERY: Final = timedelta(minutes=10)
"""Between two notices that one episode has grown."""


class Turn(StrEnum):
    """What a notice tells."""

    OPENED = "opened"
    MORE = "more"
    RECOVERED = "recovered"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is sent to people."""

    turn: Turn
    condition: Condition
    since: datetime
    at: datetime


@dataclass(slots=True)
class Episode:
    """One condition's course. It has been told of when `told_at` is set."""

    condition: Condition
    since: datetime
    last_there: datetime
    told_at: datetime | None = None
    level: int = 0
    repeats: int = 0


@dataclass(slots=True)
class Episodes:
    """All that is open, and what was over of late."""

    open: dict[str, Episode] = field(default_factory=dict)
    _over: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def step(self, found: Finding, now: datetime) -> list[Notice]:
        """Take what was found now. Returns what is to be told."""
        self._over = {name: over for name, over in self._over.items() if now - over[0] < OF_LATE}
        notices = []
        for name, condition in found.conditions.items():
            episode = self.open.get(name)
            if episode is None:
                repeats = self._over.pop(name, (now, -1))[1] + 1
                episode = self.open[name] = Episode(condition, now, now, repeats=repeats)
            episode.condition, episode.last_there = condition, now
            notices += _begun(episode, now) if episode.told_at is None else _grown(episode, now)
        for name, episode in [*self.open.items()]:
            if found.absent(name):
                notices += self._gone(name, episode, now)
            elif name not in found.conditions:
                episode.last_there = now  # nobody can tell
        return notices

    def _gone(self, name: str, episode: Episode, now: datetime) -> list[Notice]:
        if episode.told_at is None:
            del self.open[name]
            return []
        if now - episode.last_there < min(QUIET * 2**episode.repeats, LONGEST_QUIET):
            return []
        del self.open[name]
        self._over[name] = (now, min(episode.repeats, 10))
        return [Notice(Turn.RECOVERED, episode.condition, episode.since, now)]

    def as_json(self) -> dict[str, Any]:
        """Give the episodes that have been told of, to be kept for the next run."""
        return {
            name: {
                "since": episode.since.isoformat(),
                "severity": episode.condition.severity,
                "message": episode.condition.message,
                "level": episode.level,
                "repeats": episode.repeats,
            }
            for name, episode in self.open.items()
            if episode.told_at is not None
        }

    def restore(self, kept: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        """Take over what an earlier run, or another instance, told and did not yet see the end of."""
        for name, one in kept.items():
            if name in self.open and self.open[name].told_at is not None:
                continue
            try:
                condition = Condition(name, str(one["severity"]), str(one["message"]), "")
                since = datetime.fromisoformat(str(one["since"])).astimezone(UTC)
                episode = Episode(condition, since, now, now, int(one["level"]), int(one["repeats"]))
            except (KeyError, TypeError, ValueError):
                continue  # kept by another version: told anew at worst
            self.open[name] = episode


def _begun(episode: Episode, now: datetime) -> list[Notice]:
    if now - episode.since < timedelta(seconds=episode.condition.hold):
        return []
    episode.told_at, episode.level = now, episode.condition.size
    return [Notice(Turn.OPENED, episode.condition, episode.since, now)]


def _grown(episode: Episode, now: datetime) -> list[Notice]:
    episode.level = min(episode.level, episode.condition.size)
    if episode.condition.size <= episode.level or now - (episode.told_at or now) < MORE_EVERY:
        return []
    episode.told_at, episode.level = now, episode.condition.size
    return [Notice(Turn.MORE, episode.condition, episode.since, now)]
