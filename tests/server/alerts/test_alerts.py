from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from server.alerts import episodes
from server.alerts.alerts import Alerts, receivers
from server.alerts.webhook import Webhook
from server.settings import Settings
from tests.server.alerts.receiving import STOPPED, receiving


def status(*, stopped: bool) -> dict[str, Any]:
    problem = {name: getattr(STOPPED, name) for name in ("id", "severity", "message", "hint")}
    return {
        "problems": [problem] if stopped else [],
        "databases": {"MAIN": {"connected": True}, "BACKUP": {"connected": True}},
        "openConflicts": 0,
    }


async def test_a_problem_and_its_end_are_told_once_over_two_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[None] = []
    async with receiving() as received:
        first = Alerts([Webhook(received.url)], instance="one", changed=lambda: changes.append(None))
        running = asyncio.create_task(first.run())
        for _ in range(3):
            first.judge(status(stopped=True))
        await received.until(lambda bodies: len(bodies) == 1)
        running.cancel()
        await asyncio.wait({running})
        assert (first.open, len(changes)) == (1, 1)

        second = Alerts([Webhook(received.url)], instance="two")
        second.take_over(first.as_json())
        running = asyncio.create_task(second.run())
        second.judge(status(stopped=True))
        monkeypatch.setattr(episodes, "QUIET", episodes.QUIET * 0)
        second.judge(status(stopped=False))
        told = await received.until(lambda bodies: len(bodies) == 2)
        running.cancel()
        await asyncio.wait({running})
    assert [(each["event"], each["instance"]) for each in told] == [("opened", "one"), ("recovered", "two")]
    assert len({each["delivery"] for each in told}) == 2
    assert second.open == 0


async def test_one_that_stands_down_forgets() -> None:
    alerts = Alerts([], instance="one")
    alerts.judge(status(stopped=True))
    assert alerts.open == 1
    alerts.stand_down()
    assert alerts.as_json() == {}


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # Apprise imports it
def test_receivers_of_the_settings() -> None:
    assert receivers(Settings.model_construct()) == []
    found = receivers(
        Settings.model_construct(
            alert_webhook_url=SecretStr("https://example.org/x"), alert_urls=SecretStr("json://localhost")
        )
    )
    assert [each.name for each in found] == ["webhook example.org", "json 1"]
