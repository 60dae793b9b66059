from __future__ import annotations

from pathlib import Path

import orjson

from tests.running import Shell
from tests.server.alerts.receiving import receiving


async def test_the_receivers_are_listed_and_tried(tmp_path: Path) -> None:
    async with receiving(200, 500) as received:
        shell = Shell(tmp_path, {"ALERT_WEBHOOK_URL": received.url, "ALERT_WEBHOOK_SECRET": "s"})
        assert (await shell("alerts", "--json")).json == {"receivers": ["webhook 127.0.0.1"]}
        good = await shell("alerts", "test")
        assert good.code == 0, good.err
        ((headers, body),) = received.requests
        assert orjson.loads(body)["event"] == "test"
        assert "X-Cdc-Signature" in headers
        refused = await shell("alerts", "test", "--json")
        assert refused.code == 1
        (outcome,) = refused.json["receivers"]
        assert (outcome["delivered"], outcome["error"]) == (False, "webhook 127.0.0.1 answered 500")


async def test_where_there_is_nobody(tmp_path: Path) -> None:
    ended = await Shell(tmp_path, {})("alerts", "test")
    assert (ended.code, "ALERT_WEBHOOK_URL" in ended.out) == (1, True)


async def test_a_url_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    ended = await Shell(tmp_path, {"ALERT_URLS": "nonsense://user:hidden@b"})("alerts")
    assert (ended.code, "ALERT_URLS: Apprise does not understand entry 1" in ended.err) == (2, True)
    assert "hidden" not in ended.err + ended.out
