from __future__ import annotations

import asyncio
import signal
import sys

import pytest

SCRIPT = """
import asyncio
from server.signals import asked_to_end

async def main():
    with asked_to_end() as asked:
        print("ready", flush=True)
        await asked.wait()
        print("asked", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_asks_and_the_second_ends_at_once(
    first: signal.Signals, second: signal.Signals
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(150):
        assert await process.stdout.readline() == b"ready\n"
        process.send_signal(first)
        assert await process.stdout.readline() == b"asked\n"
        process.send_signal(second)
        assert await process.wait() == -second
