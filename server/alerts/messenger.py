"""Alerts to anything that Apprise knows (mail, chat, pagers), where the extra `alerts` is installed.

Apprise blocks. It runs in threads of its own that may hang for as long as they like: nobody waits for them, at the
end of the process neither, and there are only so many.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import re
from collections.abc import Callable
from threading import Thread
from typing import Any, Final

from cdc.errors import ConfigurationError
from server.alerts.message import Message
from server.alerts.receiver import NotDelivered

TIMEOUT: Final = 30.0
"""Seconds for one attempt."""
THREADS: Final = 4
"""Attempts that may hang at a time."""


class Messenger:
    """Sends messages to one Apprise URL.

    Args:
        target: an object of Apprise with one URL.
        name: how it is called in logs.
    """

    def __init__(self, target: Any, name: str) -> None:
        self._target = target
        self.name = name
        self._hanging = 0

    async def deliver(self, message: Message) -> None:
        """Send once.

        Raises:
            NotDelivered: Apprise says so, or takes too long.
        """
        if self._hanging >= THREADS:
            raise NotDelivered(f"{self.name}: {THREADS} attempts hang", hint="Is the receiver reachable?")
        kind = {"error": "failure", "warning": "warning"}.get(message.severity, "info")
        try:
            async with asyncio.timeout(TIMEOUT):
                sent = await self._in_thread(
                    lambda: self._target.notify(body=message.text, title=message.title, notify_type=kind)
                )
        except TimeoutError:
            raise NotDelivered(f"{self.name}: no answer within {TIMEOUT:g} seconds") from None
        except Exception as error:
            raise NotDelivered(f"{self.name}: {type(error).__name__}") from error
        if not sent:
            raise NotDelivered(f"{self.name}: not accepted", hint="Is its URL in ALERT_URLS right?")

    async def _in_thread(self, function: Callable[[], Any]) -> Any:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            self._hanging -= 1
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def work() -> None:
            result, failure = None, None
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001 - handed over to whoever waits
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, result, failure)

        self._hanging += 1
        Thread(target=work, name=self.name, daemon=True).start()
        return await future


def messengers(urls: str) -> list[Messenger]:
    """Make a messenger for each URL in a list that is separated by blanks, or by commas before the next URL.

    Raises:
        ConfigurationError: Apprise is not installed, or does not know a URL.
    """
    try:
        apprise = importlib.import_module("apprise")
    except ImportError:
        raise ConfigurationError(
            "ALERT_URLS: is set, but Apprise is not installed", hint="pip install 'cdc[alerts]'"
        ) from None
    found = []
    parts = re.split(r"\s+|,(?=\s*[A-Za-z][A-Za-z0-9+.-]*://)", urls)
    for number, url in enumerate(filter(None, (part.strip(",") for part in parts)), start=1):
        target = apprise.Apprise()
        if not target.add(url):
            raise ConfigurationError(
                f"ALERT_URLS: Apprise does not understand entry {number}",
                hint="Each must be one of Apprise's URLs, such as mailto://user:password@example.org.",
            )
        found.append(Messenger(target, f"{url.partition(':')[0]} {number}"))
    return found
