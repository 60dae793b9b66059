"""A socket of our own that leads to a server by TLS, for programs of PostgreSQL's that were built without it.

The socket lies in a folder that only this user can enter. Towards the server we are the client: we ask for TLS, and
check the server's certificate as the URL demands, before a byte of the program goes out.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from cdc import tls
from cdc.uri import DEFAULT_PORT, Target

TIMEOUT_S: Final = 10
"""Seconds for reaching the server and agreeing on TLS."""
_PIECE: Final = 64 * 1024
_NUMBER: Final = struct.Struct("!i")
_SSL_REQUEST: Final = _NUMBER.pack(8) + _NUMBER.pack(80877103)
_LONGEST: Final = 1024 * 1024
"""Bytes of a message before the login is over."""
_AUTHENTICATED, _SASL = _NUMBER.pack(0), _NUMBER.pack(10)
_BOUND: Final = b"SCRAM-SHA-256-PLUS"
"""A login bound to the TLS channel: impossible for a program that does not see the channel."""


def is_needed(target: Target) -> bool:
    """Whether the way to a server may be encrypted."""
    return bool(target.host) and not target.host.startswith("/") and tls.mode(target.parameters) != "disable"


@asynccontextmanager
async def forwarded(target: Target) -> AsyncIterator[Target]:
    """Where to go instead of `target`, for as long as the block lasts.

    Raises:
        ConfigurationError: a certificate or key of the URL cannot be read.
    """
    way = _Way(target, tls.context(target.parameters))
    with tempfile.TemporaryDirectory(prefix="cdc-tls-") as folder:
        server = await asyncio.start_unix_server(way.forward, Path(folder) / f".s.PGSQL.{DEFAULT_PORT}")
        kept = {name: value for name, value in target.parameters.items() if not name.startswith("ssl")}
        try:
            yield replace(target, host=folder, port=DEFAULT_PORT, parameters={**kept, "sslmode": "disable"})
        finally:
            server.close()
            await way.end()


class _Way:
    """From connections to the socket to connections to the server, one for one."""

    def __init__(self, target: Target, context: ssl.SSLContext | None) -> None:
        """Take where the server is, and what is spoken with it."""
        self._target = target
        self._context = context
        self._open: set[asyncio.Task[object]] = set()

    async def forward(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry one connection until either end closes it."""
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        with contextlib.closing(back):
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    there, out = await self._reach()
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                back.write(_refusal(f"{self._target.host}: {error or type(error).__name__}"))
                return
            with contextlib.closing(out), contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await _carry(here, out, there, back)

    async def end(self) -> None:
        """Cut what is still open."""
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the server, encrypted where that is wanted.

        Raises:
            OSError: it cannot be reached, or is not who it should be.
        """
        reader, writer = await asyncio.open_connection(self._target.host, self._target.port)
        try:
            await self._encrypt(reader, writer)
        except BaseException:
            writer.close()
            raise
        return reader, writer

    async def _encrypt(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._context is None:
            return
        writer.write(_SSL_REQUEST)
        if await reader.readexactly(1) == b"S":
            await writer.start_tls(self._context, server_hostname=self._target.host)
        elif tls.demanded(self._target.parameters):
            raise ConnectionError("the server does not speak TLS, which the URL demands")


async def _carry(
    here: asyncio.StreamReader,
    out: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    back: asyncio.StreamWriter,
) -> None:
    """Copy both ways until one of them ends."""

    async def answers() -> None:
        await _login(there, back)
        await _copy(there, back)

    ways = {asyncio.create_task(_copy(here, out)), asyncio.create_task(answers())}
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in done:
            way.result()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while piece := await source.read(_PIECE):
        sink.write(piece)
        await sink.drain()


async def _login(there: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
    """Hand the server's messages on one by one until the login is over, offering no login by channel binding."""
    while True:
        kind = await there.readexactly(1)
        (length,) = _NUMBER.unpack(await there.readexactly(_NUMBER.size))
        if not _NUMBER.size <= length <= _LONGEST:
            raise ConnectionError("the server does not speak PostgreSQL's protocol")
        body = await there.readexactly(length - _NUMBER.size)
        if kind == b"R" and body.startswith(_SASL):
            offered = body.removeprefix(_SASL).split(b"\0")
            body = _SASL + b"".join(name + b"\0" for name in offered if name not in {b"", _BOUND}) + b"\0"
        back.write(kind + _NUMBER.pack(len(body) + _NUMBER.size) + body)
        await back.drain()
        if kind == b"E" or (kind == b"R" and body == _AUTHENTICATED):
            return


def _refusal(text: str) -> bytes:
    """The message by which a server says that nobody gets in."""
    body = b"SFATAL\0C08006\0M" + text.encode() + b"\0\0"
    return b"E" + _NUMBER.pack(len(body) + _NUMBER.size) + body
