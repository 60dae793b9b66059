"""The service as a process: it has its port before anything else, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os

import structlog
from rich.console import Console

from server.http import application, listening
from server.service import Service
from server.settings import Settings
from server.signals import asked_to_end

END_SECONDS = 4.5
"""What a clean end may take; then the process ends anyway, which costs nothing but tidiness."""

_log = structlog.get_logger(__name__)


async def serve(settings: Settings, choice: str | None, console: Console) -> None:
    """Run the service until it is asked to end.

    Raises:
        AddressError: the port is taken.
        ConfigurationError: the databases cannot be what the settings say.
    """
    with asked_to_end() as asked:
        service = Service(settings, choice, console)
        app = application(service.status, settings.allowed_hosts)
        async with listening(app, settings.host, settings.port) as address:
            _log.info("listening", address=str(address))
            working = asyncio.create_task(service.run(address), name="service")
            ending = asyncio.create_task(asked.wait(), name="signal")
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                _log.info("ending")
                asyncio.get_running_loop().call_later(END_SECONDS, _end_now)
            ending.cancel()
            working.cancel()
            await asyncio.wait({working})
        if not working.cancelled():
            working.result()
    _log.info("ended")


def _end_now() -> None:
    _log.warning("the end took too long; leaving the rest to the operating system", seconds=END_SECONDS)
    os._exit(0)
