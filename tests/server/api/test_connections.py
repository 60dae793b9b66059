from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from server.api import connections
from server.api.address import Address, listening
from server.api.connections import FEWEST, MOST, ROOM, Room, capacity, keep
from tests.running import until

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE = 60.0


async def answer(_request: web.Request) -> web.Response:
    return web.Response(text="here")


async def flood(_request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 20_000_000)


@asynccontextmanager
async def listening_with(most: int) -> AsyncIterator[tuple[Address, Room]]:
    app = web.Application(middlewares=[keep])
    room = app[ROOM] = Room(most)
    app.router.add_get("/", answer)
    app.router.add_get("/flood", flood)
    async with listening(app, "127.0.0.1", 0) as address:
        yield address, room


class Client:
    """A connection used as badly as a test likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, address: Address) -> Client:
        return cls(*await asyncio.open_connection(address.host, address.port, limit=1024))

    async def asks(self) -> bytes:
        self.writer.write(ASK)
        return await self.line()

    async def line(self) -> bytes:
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.readline()
            except ConnectionError:
                return b""

    def goes(self) -> None:
        self.writer.transport.abort()


@pytest.fixture
async def clients() -> AsyncIterator[Callable[[Address], object]]:
    made: list[Client] = []

    async def make(address: Address) -> Client:
        made.append(await Client.of(address))
        return made[-1]

    yield make
    for client in made:
        client.goes()


async def test_those_that_ask_nothing_make_room(clients: Callable[..., Client]) -> None:
    async with listening_with(3) as (address, room):
        silent = [await clients(address) for _ in range(3)]
        await until(lambda: holds(room, 3))
        asking = await clients(address)
        assert await asking.asks() == b"HTTP/1.1 200 OK\r\n"
        assert await silent[0].line() == b""  # the oldest had to go
        assert await silent[2].asks() == b"HTTP/1.1 200 OK\r\n"
        assert (room.refused, room.connections) == (1, 3)
    assert room.connections == 0


async def holds(room: Room, count: int) -> bool:
    return room.connections == count


def test_who_is_being_answered_is_not_closed() -> None:
    class Transport:
        aborted = False

        def abort(self) -> None:
            self.aborted = True

    first, second, third = Transport(), Transport(), Transport()
    room = Room(2)
    assert room.enter(first)
    assert room.enter(second)
    with room.answering(first), room.answering(second):
        assert not room.enter(third)
    assert (first.aborted, second.aborted, third.aborted) == (False, False, True)
    assert room.enter(third)
    assert (second.aborted, room.connections, room.refused) == (True, 2, 2)  # it was done first


async def test_half_a_request_is_not_waited_for_long(
    clients: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.connections.REQUEST_SECONDS", 0.2)
    async with listening_with(10) as (address, room):
        for beginning in (b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "):
            client = await clients(address)
            client.writer.write(beginning)
            assert await client.line() == b""
        await until(lambda: holds(room, 0))


async def test_one_that_does_not_read_is_closed(
    clients: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "READ_SECONDS", 0.2)
    async with listening_with(10) as (address, room):
        client = await clients(address)
        client.writer.write(ASK.replace(b"GET /", b"GET /flood"))
        await until(lambda: holds(room, 1))
        await until(lambda: holds(room, 0))


def test_room_follows_the_limit_of_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(1024, 1024), (1024, 100_000), (100, 100), (1024, resource.RLIM_INFINITY)]
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: set_to.append(both))
    found = []
    for limit in limits:
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: limit)
        found.append(capacity())
    assert found == [512, MOST, FEWEST, MOST]
    assert set_to == [(8192, 100_000), (8192, resource.RLIM_INFINITY)]
