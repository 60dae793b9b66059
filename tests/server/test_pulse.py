from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from server.events import Hub, Listener
from server.news import Records
from server.pulse import Pulse
from tests.live import until

PATIENCE = 60.0


@dataclass
class World:
    """What a pulse looks at."""

    state: str = "running"
    fails: bool = False
    looks: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    met: int = 0
    open: Records | None = None
    seen: list[str] = field(default_factory=list)
    hub: Hub = field(default_factory=Hub)

    async def status(self) -> dict[str, Any]:
        self.looks += 1
        if self.fails:
            raise ValueError("broken")
        return {"state": self.state, "sync": {"links": {}}}

    def note(self, found: dict[str, Any]) -> bool:
        self.seen.append(found["state"])
        return False

    @asynccontextmanager
    async def pulsing(self) -> AsyncIterator[Pulse]:
        pulse = Pulse(
            status=self.status,
            counts=lambda: {link: dict(tables) for link, tables in self.counts.items()},
            met=lambda: self.met,
            conflicts=lambda: self.open,
            hub=self.hub,
            seen=self.note,
        )
        running = asyncio.create_task(pulse.run())
        try:
            yield pulse
        finally:
            running.cancel()
            await asyncio.wait({running})


async def following(listener: Listener, kind: str) -> dict[str, Any]:
    """The next event of a kind."""
    while events := await listener.take(PATIENCE):
        for number, event in enumerate(events):
            if event.kind == kind:
                listener.waiting.extendleft(reversed(events[number + 1 :]))
                found: dict[str, Any] = orjson.loads(event.data)
                return found
    raise AssertionError(f"no {kind} came")


async def test_a_status_is_told_once_for_each_change() -> None:
    world = World()
    listener = world.hub.subscribe()
    async with world.pulsing() as pulse:
        assert (await following(listener, "status"))["state"] == "running"
        while world.looks < 2:
            pulse.poke()
            await asyncio.sleep(0.01)
        world.state = "stopped"
        pulse.poke()
        assert (await following(listener, "status"))["state"] == "stopped"
        assert not listener.waiting
    assert world.seen[0] == "running"
    assert world.seen[-1] == "stopped"


async def test_what_links_applied_is_told_without_looking_at_databases() -> None:
    world = World(counts={"MAIN_TO_BACKUP": {"product": 3}})
    listener = world.hub.subscribe()
    async with world.pulsing():
        await following(listener, "status")
        world.counts["MAIN_TO_BACKUP"]["product"] = 5
        assert await following(listener, "changes") == {"links": {"MAIN_TO_BACKUP": {"product": 2}}}


async def test_conflicts_that_were_open_before_are_no_news_and_unknown_ones_are_not_resolved() -> None:
    world = World(open={("product", "1"): "INSERT_EXISTS"})
    listener = world.hub.subscribe()
    async with world.pulsing() as pulse:
        await following(listener, "status")
        world.open, before = None, world.looks
        while world.looks == before:
            pulse.poke()
            await asyncio.sleep(0.01)
        world.open = {("product", "1"): "INSERT_EXISTS", ("product", "2"): "REJECTED"}
        pulse.poke()
        told = await following(listener, "conflicts")
        assert [each["entityId"] for each in told["opened"]] == ["2"]
        assert told["resolved"] == []


async def test_a_look_that_fails_is_followed_by_another() -> None:
    world = World(fails=True)
    listener = world.hub.subscribe()
    async with world.pulsing() as pulse:
        while world.looks < 2:
            pulse.poke()
            await asyncio.sleep(0.01)
        world.fails = False
        pulse.poke()
        assert (await following(listener, "status"))["state"] == "running"


async def test_a_conflict_that_a_link_meets_is_looked_at_at_once() -> None:
    world = World()
    async with world.pulsing():

        async def looked(more: int) -> None:
            async with asyncio.timeout(PATIENCE):
                while world.looks < more:  # noqa: ASYNC110 - the pulse tells nobody
                    await asyncio.sleep(0.01)

        await looked(1)
        world.met += 1
        await looked(2)  # nobody listens: the next look by itself is half a minute away


async def test_a_poke_and_the_end_at_once_are_the_end() -> None:
    world = World()
    async with asyncio.timeout(PATIENCE):
        async with world.pulsing() as pulse:

            async def sleeps() -> bool:
                return bool(pulse._poked._waiters)  # type: ignore[attr-defined]

            await until(sleeps)
            pulse.poke()
            await asyncio.sleep(0)
