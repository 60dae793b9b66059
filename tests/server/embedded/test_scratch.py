"""A server that lasts for one piece of work."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from server.embedded.scratch import scratch

HANG = """
import asyncio, sys
from pathlib import Path
from server.embedded.scratch import scratch

async def hang():
    async with scratch(Path(sys.argv[1]), elsewhere=Path(sys.argv[1]) / "elsewhere") as endpoint:
        print(endpoint.dsn, flush=True)
        await asyncio.Event().wait()

asyncio.run(hang())
"""


async def test_it_is_empty_and_goes_away(server_folder: Path) -> None:
    for _ in range(2):
        async with scratch(server_folder, elsewhere=server_folder / "elsewhere") as endpoint:
            connection = await asyncpg.connect(endpoint.dsn)
            assert await connection.fetchval("SELECT to_regclass('t')") is None
            await connection.execute("CREATE TABLE t ()")
            await connection.close()
        with pytest.raises((OSError, asyncpg.PostgresError)):
            await asyncpg.connect(endpoint.dsn)
    assert not (server_folder / "trial").exists()
    assert not (server_folder / "trial.log").exists()


async def test_what_a_killed_process_left_is_taken_away(server_folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HANG, str(server_folder)),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    left = (await process.stdout.readline()).decode().strip()
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    connection = await asyncpg.connect(left)
    await connection.execute("CREATE TABLE t ()")
    await connection.close()
    async with scratch(server_folder, elsewhere=server_folder / "elsewhere") as endpoint:
        connection = await asyncpg.connect(endpoint.dsn)
        assert await connection.fetchval("SELECT to_regclass('t')") is None
        await connection.close()
