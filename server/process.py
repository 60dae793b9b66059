"""The service as a process: it has its port before anything else, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from rich.console import Console

from server.api.address import Address, listening
from server.api.application import application
from server.api.context import Context, require_started
from server.api.identity import Guard
from server.api.keys import keys_of, terms_of
from server.api.origin import networks
from server.api.pools import Pools
from server.api.row_counts import RowCounts
from server.databases import DATA_FOLDER
from server.embedded.place import make_folder
from server.secret import demo_secret
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
        ConfigurationError: no key is set to check tokens with, or the databases cannot be what the settings say.
    """
    with asked_to_end() as asked:
        async with hosted(settings, choice, console) as (service, address):
            _log.info("listening", address=str(address))
            working = asyncio.create_task(service.run(address), name="service")
            ending = asyncio.create_task(asked.wait(), name="signal")
            await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                _log.info("ending")
                service.monitor.hub.close()
                asyncio.get_running_loop().call_later(END_SECONDS, _end_now)
            ending.cancel()
            working.cancel()
            await asyncio.wait({working})
        if not working.cancelled():
            working.result()
    _log.info("ended")


@asynccontextmanager
async def hosted(
    settings: Settings, choice: str | None, console: Console
) -> AsyncIterator[tuple[Service, Address]]:
    """Make a service and its HTTP interface, which is listening; the service does not run yet.

    Raises:
        AddressError: the port is taken.
        ConfigurationError: no key is set to check tokens with.
    """
    guard = _guard(settings)
    service = Service(settings, choice, console, guard.sessions.make_code)
    pools = Pools(lambda: require_started(service.databases))
    app = application(Context(settings, service, guard, pools, RowCounts(pools)))
    async with listening(app, settings.host, settings.port) as address:
        yield service, address


def _guard(settings: Settings) -> Guard:
    """Make what checks tokens; only the demo, whose databases are our own, makes a secret by itself."""
    secret = None
    if settings.key is None and settings.main_url is None:
        make_folder(DATA_FOLDER.absolute())
        secret = demo_secret(DATA_FOLDER.absolute())
    metrics_token = settings.metrics_token
    return Guard(
        keys_of(settings, secret),
        terms_of(settings),
        trusted=networks(settings.trusted_proxies),
        metrics_token=None if metrics_token is None else metrics_token.get_secret_value(),
    )


def _end_now() -> None:
    _log.warning("the end took too long; leaving the rest to the operating system", seconds=END_SECONDS)
    os._exit(0)
