"""SIGTERM and SIGINT: the first asks for a clean end, the second ends the process at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def asked_to_end() -> Iterator[asyncio.Event]:
    """Give an event that the first signal sets.

    That signal also takes our reaction away again, so that the next one does what it always does. Python's
    own reaction to SIGINT would only raise KeyboardInterrupt somewhere, so SIGINT's is the system's default.
    """
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def first() -> None:
        for number in ENDING:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
        asked.set()

    for number in ENDING:
        loop.add_signal_handler(number, first)
    try:
        yield asked
    finally:
        for number in ENDING:
            loop.remove_signal_handler(number)
