"""A notice in words and as JSON, with passwords taken out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from server.alerts.conditions import Condition
from server.alerts.episodes import Notice, Turn
from server.problems import time_text
from server.redaction import redact

LONGEST: Final = 2_000
"""Characters of a message or hint that are sent."""
_WORDS: Final = {
    Turn.OPENED: "problem",
    Turn.MORE: "more of it",
    Turn.RECOVERED: "recovered",
    Turn.TEST: "test",
}


@dataclass(frozen=True, slots=True)
class Message:
    """What receivers get. `delivery` is the same for every attempt to deliver one notice."""

    delivery: str
    title: str
    text: str
    severity: str
    body: bytes


def compose(notice: Notice, *, instance: str, delivery: str) -> Message:
    """Put a notice into words.

    Args:
        notice: what is to be told.
        instance: who tells it: host and process.
        delivery: names this message, so that a receiver can tell a repeated attempt.
    """
    condition = notice.condition
    severity = "info" if notice.turn in {Turn.RECOVERED, Turn.TEST} else condition.severity
    what, hint = redact(condition.message)[:LONGEST], redact(condition.hint)[:LONGEST]
    title = f"cdc: {_WORDS[notice.turn]}: {condition.id}"
    recovered = notice.turn is Turn.RECOVERED
    text = f"It is over: {what}" if recovered else f"{what}. {hint}" if hint else what
    document: dict[str, Any] = {
        "version": 1,
        "delivery": delivery,
        "event": notice.turn.value,
        "id": condition.id,
        "severity": severity,
        "message": what,
        "hint": None if recovered else hint or None,
        "since": time_text(notice.since),
        "at": time_text(notice.at),
        "instance": instance,
        "text": f"{title}\n{text}",
    }
    return Message(delivery, title, text, severity, orjson.dumps(document))


def trial() -> Condition:
    """What a test of the receivers says."""
    return Condition("test", "info", "this is a test: alerts arrive here", "")
