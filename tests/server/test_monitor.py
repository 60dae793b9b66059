from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from cdc.errors import ConfigurationError
from cdc.observe import Conflicts
from cdc.stats import Stats
from server.events import Kind
from server.monitor import Monitor
from server.observation import Observation
from server.settings import Settings
from tests.running import until
from tests.server.alerts.receiving import STOPPED
from tests.server.metrics.known import ENTRY

PROBLEM = {name: getattr(STOPPED, name) for name in ("id", "severity", "message", "hint")}


@dataclass
class Watched:
    """A service that stands by or not, and has a problem."""

    standing_by: bool = False
    fails: bool = False
    asked: int = 0
    observed: Observation = field(default_factory=Observation)

    async def status(self) -> dict[str, Any]:
        self.asked += 1
        return {
            "problems": [PROBLEM],
            "databases": {"MAIN": {"connected": True}, "BACKUP": {"connected": True}},
            "openConflicts": 0,
            "sync": {"links": {}},
        }

    def stats(self) -> dict[str, Stats]:
        if self.fails:
            self.fails = False
            raise ValueError("broken")
        return {}

    async def look(self) -> Observation:
        return self.observed

    def seen(self) -> Observation:
        return self.observed


def monitor(watched: Watched, changed: list[None] | None = None) -> Monitor:
    told = [] if changed is None else changed
    return Monitor(Settings.model_construct(), watched, instance="i", changed=lambda: told.append(None))


@pytest.mark.parametrize("standing_by", [False, True])
async def test_only_one_that_does_not_stand_by_sends_alerts(standing_by: bool) -> None:  # noqa: FBT001
    watched, changed = Watched(standing_by=standing_by), []
    found = monitor(watched, changed)
    async with found.running():

        async def asked() -> bool:
            return watched.asked > 0

        await until(asked)
        await asyncio.sleep(0)
        assert (found.alerts.open, len(changed)) == ((0, 0) if standing_by else (1, 1))


async def test_the_heart_beats_while_it_runs() -> None:
    found = monitor(Watched())
    assert found.silence() == 0
    async with found.running():
        await asyncio.sleep(0)
        assert found._beat is not None
        assert found.silence() < 5


async def test_what_fails_is_begun_again() -> None:
    watched = Watched(fails=True)
    found = monitor(watched)
    async with found.running():

        async def asked() -> bool:
            return watched.asked > 0 and not watched.fails

        await until(asked)


async def test_operations_are_told_and_counted() -> None:
    found = monitor(Watched())
    listener = found.hub.subscribe()
    found.noticed(ENTRY)
    (event,) = await listener.take(5)
    assert (event.kind, b'"status":"COMPLETED"' in event.data) == (Kind.BACKUPS, True)
    assert found.operations == {("FULL", "COMPLETED"): 1}


async def test_streams_end_with_it() -> None:
    found = monitor(Watched())
    async with found.running():
        listener = found.hub.subscribe()
    assert listener.ended


def test_alerts_that_cannot_be_sent_stop_the_start() -> None:
    settings = Settings.model_construct(alert_urls=SecretStr("nonsense"))
    with pytest.raises(ConfigurationError, match="ALERT_URLS"):
        Monitor(settings, Watched(), instance="i", changed=lambda: None)


async def test_conflicts_as_last_seen() -> None:
    watched = Watched()
    found = monitor(watched)
    assert found._conflicts() is None
    watched.observed = Observation(conflicts=Conflicts("m", {("product", "1"): "REJECTED"}))
    assert found._conflicts() == {("product", "1"): "REJECTED"}
