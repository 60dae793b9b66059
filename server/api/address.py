"""Where HTTP is listened on."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from cdc.errors import ConfigurationError
from server.api.connections import ROOM, Site

STOP_SECONDS = 1.0
"""What requests in flight are given when the service ends."""


class AddressError(ConfigurationError):
    """The address to listen on cannot be had."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write the URL."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[Address]:
    """Serve the application on one address; port 0 takes any free one.

    Raises:
        AddressError: the address is in use, not this machine's, or not allowed.
    """
    runner = web.AppRunner(app, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        site = Site(runner, host.strip("[]"), port, app[ROOM])
        try:
            await site.start()
        except OSError as error:
            raise _refused(error, host, port) from error
        bound = runner.addresses[0]
        yield Address(str(bound[0]), int(bound[1]))
    finally:
        await runner.cleanup()


def _refused(error: OSError, host: str, port: int) -> AddressError:
    if error.errno == errno.EADDRINUSE:
        return AddressError(
            f"PORT: {port} on {host} is taken by another program",
            hint="Stop that program, or set PORT to a free one (0 takes any).",
        )
    if error.errno == errno.EACCES:
        return AddressError(
            f"PORT: {port} on {host} is not allowed to this user", hint="Set PORT above 1023."
        )
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return AddressError(
        f"HOST: cannot listen on {host}:{port}: {reason}", hint="Set HOST to an address of this machine."
    )
