from __future__ import annotations

from datetime import UTC, datetime

import orjson

from server.alerts.conditions import Condition
from server.alerts.episodes import Notice, Turn
from server.alerts.message import LONGEST, compose
from tests.server.alerts.receiving import STOPPED

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)


def test_what_is_sent() -> None:
    found = compose(Notice(Turn.OPENED, STOPPED, SINCE, AT), instance="host:7", delivery="x")
    assert orjson.loads(found.body) == {
        "version": 1,
        "delivery": "x",
        "event": "opened",
        "id": "link-stopped:MAIN_TO_BACKUP",
        "severity": "error",
        "message": "MAIN_TO_BACKUP has stopped",
        "hint": "`cdc resume`",
        "since": "2026-01-01T00:00:00.000Z",
        "at": "2026-01-01T00:00:30.000Z",
        "instance": "host:7",
        "text": "cdc: problem: link-stopped:MAIN_TO_BACKUP\nMAIN_TO_BACKUP has stopped. `cdc resume`",
    }
    assert (found.severity, found.title) == ("error", "cdc: problem: link-stopped:MAIN_TO_BACKUP")


def test_a_recovery_says_what_is_over() -> None:
    found = compose(Notice(Turn.RECOVERED, STOPPED, SINCE, AT), instance="i", delivery="x")
    document = orjson.loads(found.body)
    assert (document["event"], document["severity"], document["hint"]) == ("recovered", "info", None)
    assert found.text == "It is over: MAIN_TO_BACKUP has stopped"


def test_passwords_are_taken_out_and_texts_have_an_end() -> None:
    leaky = Condition("x", "error", "cannot reach postgresql://me:secret@host/db " + "x" * 9999, "h" * 9999)
    found = compose(Notice(Turn.OPENED, leaky, SINCE, AT), instance="i", delivery="x")
    assert b"secret" not in found.body
    assert "secret" not in found.text
    assert len(found.text) < LONGEST * 2 + 10
