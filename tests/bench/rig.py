"""Two pairs of embedded PostgreSQL servers, all set alike, in a folder that goes away with them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from server.embedded import Cluster

SETTINGS: Mapping[str, str] = {
    "autovacuum": "on",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "max_connections": "100",
    "max_wal_size": "4GB",
    "max_worker_processes": "16",
    "shared_buffers": "512MB",
    "synchronous_commit": "on",
    "wal_level": "logical",  # only native needs it; it costs the others a little, so all have it
}
_STATEMENT_TIMEOUT = 300.0  # seconds
_PROJECT = Path(__file__).parent.parent.parent

Connection = asyncpg.Connection


@dataclass(frozen=True, slots=True)
class Servers:
    """A MAIN and a BACKUP."""

    main: Cluster
    backup: Cluster


@dataclass(frozen=True, slots=True)
class Rig:
    """`ours` carries every subject but native replication, whose decoder would read their log along."""

    folder: Path
    ours: Servers
    native: Servers


@asynccontextmanager
async def rig(parent: str | None = None) -> AsyncIterator[Rig]:
    """Start four servers in a temporary folder of `parent`; they end with this process, however it ends."""
    root = _folder(parent)
    watchdog = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.watchdog", root,
        stdin=subprocess.PIPE, cwd=_PROJECT, start_new_session=True,
    )  # fmt: skip
    clusters = [
        Cluster(name, root, settings=SETTINGS, elsewhere=root / "elsewhere")
        for name in ("main", "backup", "native-main", "native-backup")
    ]
    started: list[Cluster] = []
    try:
        for cluster in clusters:
            await cluster.start()
            started.append(cluster)
        yield Rig(root, Servers(*clusters[:2]), Servers(*clusters[2:]))
    finally:
        for cluster in started:
            await cluster.kill()
        assert watchdog.stdin is not None
        watchdog.stdin.close()
        async with asyncio.timeout(150):
            await watchdog.wait()


def _folder(parent: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cdc-bench-", dir=parent))
    folder.chmod(0o711)  # the server's user has to pass where we are root
    return folder


@asynccontextmanager
async def connected(*urls: str) -> AsyncIterator[list[Connection]]:
    """Connect to each URL, as an application would; every statement has a limit."""
    connections: list[Connection] = []
    try:
        for url in urls:
            connection = await asyncpg.connect(url, command_timeout=_STATEMENT_TIMEOUT)
            connections.append(connection)  # closed even where the next one fails
        yield connections
    finally:
        for connection in connections:
            connection.terminate()


async def until(condition: Callable[[], Awaitable[bool]], *, within: float, every: float = 0.02) -> None:
    """Ask again and again until the answer is yes.

    Raises:
        TimeoutError: it was still no after `within` seconds.
    """
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110  # the condition is a question to a database
            await asyncio.sleep(every)
