from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any

import pytest

from cdc.errors import ConfigurationError
from server.alerts import messenger
from server.alerts.messenger import THREADS, Messenger, messengers
from server.alerts.receiver import NotDelivered
from tests.server.alerts.receiving import message, receiving

pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)  # Apprise imports it


async def test_apprise_brings_it() -> None:
    async with receiving() as received:
        address = received.url.removeprefix("http://")
        (one,) = messengers(f" json://{address} ")
        await one.deliver(message())
        (body,) = await received.until(lambda bodies: len(bodies) == 1)
    assert (body["title"], body["message"], body["type"]) == ("a title", "some words", "warning")


async def test_apprise_says_that_it_was_not_taken() -> None:
    async with receiving(500) as received:
        (one,) = messengers(f"json://{received.url.removeprefix('http://')}")
        with pytest.raises(NotDelivered, match="json 1: not accepted"):
            await one.deliver(message())


class Hangs:
    """A receiver whose library never comes back until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def notify(self, **_: Any) -> bool:
        return self.go.wait(30)


async def test_one_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messenger, "TIMEOUT", 0.05)
    target = Hangs()
    one = Messenger(target, "hangs")
    began = time.monotonic()
    for _ in range(THREADS):
        with pytest.raises(NotDelivered, match="no answer within"):
            await one.deliver(message())
    with pytest.raises(NotDelivered, match=f"{THREADS} attempts hang"):
        await one.deliver(message())
    assert time.monotonic() - began < 10
    target.go.set()
    async with asyncio.timeout(150):
        while one._hanging:  # noqa: ASYNC110 - threads tell nobody
            await asyncio.sleep(0.01)
    await one.deliver(message())


async def test_one_that_raises() -> None:
    class Raises:
        def notify(self, **_: Any) -> bool:
            raise OSError("mailto://user:password@host")

    with pytest.raises(NotDelivered) as caught:
        await Messenger(Raises(), "raises").deliver(message())
    assert "password" not in str(caught.value)


def test_a_list_of_urls_with_commas_inside() -> None:
    found = messengers("json://a/?to=x,y, json://b\njsons://c,json://d")
    assert [one.name for one in found] == ["json 1", "json 2", "jsons 3", "json 4"]


def test_a_url_that_apprise_does_not_know() -> None:
    with pytest.raises(ConfigurationError, match="entry 2") as caught:
        messengers("json://a nonsense://user:hidden@b")
    assert "hidden" not in f"{caught.value}{caught.value.hint}"


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigurationError, match="Apprise is not installed"):
        messengers("json://a")
