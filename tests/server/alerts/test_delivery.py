from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.alerts import delivery
from server.alerts.delivery import WAITING, Delivery, attend
from server.alerts.webhook import Webhook
from tests.running import until
from tests.server.alerts.receiving import message, receiving


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(delivery, "LONGEST_PAUSE", 0.02)


@asynccontextmanager
async def attended(*deliveries: Delivery) -> AsyncIterator[None]:
    task = asyncio.create_task(attend(deliveries))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_in_order_and_each_once_though_the_receiver_fails_now_and_then() -> None:
    async with receiving(500, 503, 200, 500, 200) as received:
        one = Delivery(Webhook(received.url))
        async with attended(one):
            for number in (1, 2, 3):
                one.put(message(number))
            await received.until(lambda bodies: [body["n"] for body in bodies] == [1, 1, 1, 2, 2, 3])
            await until(lambda: delivered(one, 3))
        assert one.lost == 0


async def delivered(one: Delivery, count: int) -> bool:
    return one.delivered == count


async def test_a_receiver_that_hangs_does_not_hold_up_another() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        hangs = Delivery(Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/"))
        async with receiving() as received:
            works = Delivery(Webhook(received.url))
            async with attended(hangs, works):
                for number in range(5):
                    hangs.put(message(number))
                    works.put(message(number))
                await received.until(lambda bodies: len(bodies) == 5)
        assert hangs.delivered == 0


async def test_what_is_refused_for_good_is_given_up_at_once() -> None:
    async with receiving(404, 200) as received:
        one = Delivery(Webhook(received.url))
        async with attended(one):
            one.put(message(1))
            one.put(message(2))
            await received.until(lambda bodies: [body["n"] for body in bodies] == [1, 2])
            await until(lambda: delivered(one, 1))
        assert one.lost == 1


async def test_what_is_not_taken_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "GIVE_UP", 0.05)
    async with receiving(500) as received:
        one = Delivery(Webhook(received.url))
        async with attended(one):
            one.put(message())

            async def lost() -> bool:
                return one.lost == 1

            await until(lost)
    assert len(received.requests) > 1


async def test_a_queue_has_an_end() -> None:
    one = Delivery(Webhook("http://127.0.0.1:9/"))
    for number in range(WAITING + 3):
        one.put(message(number))
    assert (len(one._waiting), one.lost) == (WAITING, 3)
    assert one._waiting[0].delivery == "delivery-3"
