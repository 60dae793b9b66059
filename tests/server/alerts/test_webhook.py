from __future__ import annotations

import hashlib
import hmac
import socket

import pytest

from server.alerts.receiver import NotDelivered
from server.alerts.webhook import Webhook
from tests.server.alerts.receiving import message, receiving


async def test_a_message_arrives_signed() -> None:
    async with receiving() as received:
        await Webhook(received.url, "a secret").deliver(message())
    ((headers, body),) = received.requests
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Cdc-Delivery"] == "delivery-1"
    seconds, _, digest = headers["X-Cdc-Signature"].partition(",")
    signed = seconds.removeprefix("t=").encode() + b"." + body
    assert digest == "v1=" + hmac.new(b"a secret", signed, hashlib.sha256).hexdigest()


async def test_without_a_secret_there_is_no_signature() -> None:
    async with receiving() as received:
        await Webhook(received.url).deliver(message())
    assert "X-Cdc-Signature" not in received.requests[0][0]


@pytest.mark.parametrize(
    ("answer", "final"), [(500, False), (503, False), (429, False), (408, False), (404, True), (307, True)]
)
async def test_what_an_answer_means(answer: int, final: bool) -> None:  # noqa: FBT001
    async with receiving(answer) as received:
        with pytest.raises(NotDelivered, match=f"webhook 127.0.0.1 answered {answer}") as caught:
            await Webhook(received.url).deliver(message())
    assert caught.value.final is final
    assert len(received.requests) == 1  # a redirect is not followed


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/secret-path?token=abc"
        with pytest.raises(NotDelivered) as caught:
            await Webhook(url).deliver(message())
    assert caught.value.final is False
    assert "secret-path" not in f"{caught.value}{caught.value.hint}"


async def test_one_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.alerts.webhook.TIMEOUT", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(NotDelivered, match="Timeout"):
            await Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/").deliver(message())
