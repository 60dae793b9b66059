from __future__ import annotations

import asyncio

import orjson
import pytest

from server import events
from server.events import Hub, Kind, Listener, TooManyListeners

PATIENCE = 60.0


async def received(listener: Listener, count: int) -> list[tuple[str, int]]:
    """The next events, as kind and number."""
    found: list[tuple[str, int]] = []
    while len(found) < count:
        events = await listener.take(PATIENCE)
        assert events
        found += [(event.kind.value, orjson.loads(event.data).get("n", 0)) for event in events]
    return found[:count]


async def rest(listener: Listener) -> list[Kind]:
    """All that is left until the stream ends."""
    found: list[Kind] = []
    while events := await listener.take(PATIENCE):
        found += [event.kind for event in events]
    assert listener.ended
    return found


async def test_all_listeners_get_all_events_in_order() -> None:
    hub = Hub()
    listeners = [hub.subscribe() for _ in range(3)]
    for n in (1, 2):
        hub.publish("changes", {"n": n})
    for listener in listeners:
        assert await received(listener, 2) == [("changes", 1), ("changes", 2)]


async def test_a_listener_that_sleeps_is_woken() -> None:
    hub = Hub()
    listener = hub.subscribe()
    waiting = asyncio.create_task(received(listener, 1))
    await asyncio.sleep(0)
    hub.publish("backups", {"n": 7})
    assert await waiting == [("backups", 7)]


async def test_nothing_for_a_while() -> None:
    listener = Hub().subscribe()
    assert await listener.take(0.01) == []
    assert not listener.ended


async def test_a_new_listener_begins_with_the_last_status() -> None:
    hub = Hub()
    hub.publish("status", {"n": 1})
    hub.publish("status", {"n": 2})
    hub.publish("changes", {"n": 3})
    assert await received(hub.subscribe(), 1) == [("status", 2)]


async def test_one_that_comes_back_gets_what_it_missed() -> None:
    hub = Hub()
    first = hub.subscribe()
    hub.publish("changes", {"n": 1})
    (event,) = await first.take(PATIENCE)
    last = event.id
    for n in (2, 3):
        hub.publish("conflicts", {"n": n})
    assert await received(hub.subscribe(last), 2) == [("conflicts", 2), ("conflicts", 3)]


@pytest.mark.parametrize("last", ["other-1", "nonsense", "-", "-5", "9" * 100, "\N{SUPERSCRIPT TWO}"])
async def test_one_that_names_an_unknown_event_is_told_to_read_anew(last: str) -> None:
    hub = Hub()
    hub.publish("status", {"n": 1})
    assert await received(hub.subscribe(last), 2) == [("resync", 0), ("status", 1)]
    own = hub.subscribe(f"{hub._run}-{last}")
    assert await received(own, 2) == [("resync", 0), ("status", 1)]


async def test_memory_is_bounded_by_count_and_by_size() -> None:
    hub = Hub()
    for n in range(events.REMEMBERED + 10):
        hub.publish("changes", {"n": n})
    assert len(hub._memory) == events.REMEMBERED
    for _ in range(5):
        hub.publish("changes", {"text": "x" * (events.REMEMBERED_BYTES // 3)})
    assert hub._size <= events.REMEMBERED_BYTES
    assert hub._size == sum(len(event.data) for event in hub._memory)
    assert await received(hub.subscribe(f"{hub._run}-1"), 1) == [("resync", 0)]


async def test_a_slow_one_is_dropped_with_a_note_and_the_others_are_not() -> None:
    hub = Hub()
    slow, quick = hub.subscribe(), hub.subscribe()
    for n in range(events.WAITING + 1):
        hub.publish("changes", {"n": n})
        assert await received(quick, 1) == [("changes", n)]
    assert (hub.dropped, hub.listeners) == (1, 1)
    assert await rest(slow) == [Kind.DROPPED]


async def test_closing_ends_every_stream_and_those_to_come() -> None:
    hub = Hub()
    listener = hub.subscribe()
    waiting = asyncio.create_task(rest(listener))
    await asyncio.sleep(0)
    hub.close()
    hub.publish("changes", {"n": 1})
    assert await waiting == []
    assert await rest(hub.subscribe()) == []
    assert hub.listeners == 0


async def test_there_is_a_limit_to_listeners() -> None:
    hub = Hub()
    listeners = [hub.subscribe() for _ in range(events.LISTENERS)]
    with pytest.raises(TooManyListeners):
        hub.subscribe()
    hub.unsubscribe(listeners[0])
    hub.subscribe()


async def test_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Hub().publish("nonsense", {})
