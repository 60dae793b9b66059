"""How many clients there may be, and what becomes of those that neither send nor read.

aiohttp closes a connection that has sent no whole request for a while. This closes those that do not read what they
are sent, and makes room when there are too many: whoever has not asked anything yet, and has had the longest time to,
goes first. So slow clients cannot keep others out, nor use up the file descriptors that the links need.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from aiohttp import web

from server.api.protocol import Protocol

REQUEST_SECONDS: Final = 20.0
"""What a client may take to send a request's head, and how long an idle connection is kept."""
READ_SECONDS: Final = 20.0
"""What a client may take to read what waits for it."""
LINGER_SECONDS: Final = 2.0
"""How long the rest of a body is read after it was refused."""
MOST: Final = 4096
FEWEST: Final = 64
RESERVED: Final = 512
"""File descriptors that are left for everything else."""
WANTED: Final = 8192

_log = logging.getLogger("server.api.protocol")
_log.setLevel(logging.CRITICAL)  # a request that is no HTTP is answered with 400; it is not worth a traceback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def capacity() -> int:
    """Give how many connections there is room for; raises the process's soft limit of open files if it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    wanted = WANTED if hard == unlimited else min(WANTED, hard)
    if soft != unlimited and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return MOST if soft == unlimited else max(FEWEST, min(MOST, soft - RESERVED))


class Room:
    """All connections.

    Args:
        most: how many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: dict[asyncio.Transport, None] = {}
        self._busy: dict[asyncio.Transport, None] = {}
        self.refused = 0
        """Connections closed to make room, since the start."""

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._idle) + len(self._busy)

    def enter(self, transport: asyncio.Transport) -> bool:
        """Take a connection in. Returns False where all others are being answered; it is closed then."""
        if self.connections >= self._most:
            self.refused += 1
            oldest = next(iter(self._idle), None)
            if oldest is None:
                transport.abort()
                return False
            self.leave(oldest)
            oldest.abort()
        self._idle[transport] = None
        return True

    def leave(self, transport: asyncio.Transport) -> None:
        """Forget a connection."""
        self._idle.pop(transport, None)
        self._busy.pop(transport, None)

    @contextmanager
    def answering(self, transport: asyncio.BaseTransport | None) -> Iterator[None]:
        """Keep a connection for as long as its request is answered."""
        known = cast("asyncio.Transport", transport)
        was_there = known in self._idle
        if was_there:
            del self._idle[known]
            self._busy[known] = None
        try:
            yield
        finally:
            if was_there and known in self._busy:
                del self._busy[known]
                self._idle[known] = None


class Connection(asyncio.Protocol):
    """One client; everything but what is said above is left to aiohttp's handler."""

    def __init__(self, inner: web.RequestHandler, room: Room) -> None:
        self._inner = inner
        self._room = room
        self._transport: asyncio.Transport | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, where there is room."""
        known = cast("asyncio.Transport", transport)
        if self._room.enter(known):
            self._transport = known
            self._inner.connection_made(known)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._read()
        if self._transport is not None:
            self._room.leave(self._transport)
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass on what came."""
        self._inner.data_received(data)

    def eof_received(self) -> None:
        """Pass on that nothing more comes."""
        self._inner.eof_received()

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        self._inner.pause_writing()
        if self._transport is not None:
            self._unread = asyncio.get_running_loop().call_later(READ_SECONDS, self._transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        self._read()
        self._inner.resume_writing()

    def _read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class Site(web.BaseSite):
    """Listens on one address, and takes in as many clients as there is room for."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, room: Room) -> None:
        super().__init__(runner)
        self._host = host
        self._port = port
        self._room = room

    @property
    def name(self) -> str:
        """Name the address."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the address cannot be had.
        """
        await super().start()
        self._server = await asyncio.get_running_loop().create_server(
            self._connection, self._host, self._port, backlog=self._backlog
        )

    def _connection(self) -> Connection:
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner has ended")
        options: dict[str, Any] = {
            "logger": _log,
            "access_log": None,
            "keepalive_timeout": REQUEST_SECONDS,
            "lingering_time": LINGER_SECONDS,
        }
        handler = Protocol(server, loop=asyncio.get_running_loop(), **options)
        return Connection(handler, self._room)


ROOM: web.AppKey[Room] = web.AppKey("room")


@web.middleware
async def keep(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep the connection while its request is answered."""
    with request.app[ROOM].answering(request.transport):
        return await handler(request)
