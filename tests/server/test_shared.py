from __future__ import annotations

import asyncio

import pytest

from server.shared import Shared


class Maker:
    """Makes 1, 2, 3 ... when let."""

    def __init__(self) -> None:
        self.made = 0
        self.go = asyncio.Event()

    async def make(self) -> int:
        self.made += 1
        await self.go.wait()
        return self.made


async def test_many_who_ask_at_once_get_one_result() -> None:
    maker = Maker()
    shared = Shared(maker.make, 60.0)
    asking = [asyncio.create_task(shared.get()) for _ in range(1000)]
    await asyncio.sleep(0)
    maker.go.set()
    assert set(await asyncio.gather(*asking)) == {1}
    assert await shared.get() == 1


async def test_an_old_result_is_made_anew() -> None:
    maker = Maker()
    maker.go.set()
    shared = Shared(maker.make, -1.0)
    assert [await shared.get(), await shared.get()] == [1, 2]


async def test_one_who_stops_waiting_stops_nobody_else() -> None:
    maker = Maker()
    shared = Shared(maker.make, 60.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(shared.get(), 0.01)
    waiting = asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    maker.go.set()
    assert await waiting == 1


async def test_a_failure_is_told_and_not_kept() -> None:
    fails = True

    async def make() -> str:
        if fails:
            raise ValueError("no")
        return "made"

    shared = Shared(make, 60.0)
    with pytest.raises(ValueError, match="no"):
        await shared.get()
    fails = False
    assert await shared.get() == "made"


async def test_closing_ends_what_is_under_way() -> None:
    shared = Shared(Maker().make, 60.0)
    waiting = asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    await shared.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
