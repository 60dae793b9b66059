"""What is measured: no capture, our capture alone, the whole of ours, native logical replication."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from cdc.model import Side
from server.embedded import Cluster
from tests.bench.rig import Rig, Servers, connected, until
from triggers.install import install
from triggers.statements import statement

PACKAGE = "tests.bench"
_READY_WITHIN = 120.0  # seconds
_STOP_WITHIN = 15.0
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")  # no setting of the service's own


class Subject:
    """A pair of seeded databases and, in the subclasses, what keeps them as one. This one: nothing does."""

    name = "none"
    moves = False
    """Whether what is written on MAIN arrives on BACKUP while it is started."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    @property
    def main(self) -> str:
        return self._servers.main.url(f"bench_{self.name}")

    @property
    def backup(self) -> str:
        return self._servers.backup.url(f"bench_{self.name}")

    async def prepare(self, rows: int) -> None:
        """Make both databases with the same `rows` accounts and set the subject up."""
        await asyncio.gather(
            self._seed(self._servers.main, self.main, rows),
            self._seed(self._servers.backup, self.backup, rows),
        )
        await self.install()

    async def _seed(self, cluster: Cluster, url: str, rows: int) -> None:
        await cluster.ensure_database(f"bench_{self.name}")
        async with connected(url) as [connection]:
            await connection.execute(statement("schema", PACKAGE))
            await connection.execute(statement("insert_accounts", PACKAGE), 1, rows)
            await connection.execute(statement("insert_orders", PACKAGE), 1, rows // 10)
            await connection.execute("VACUUM ANALYZE")

    async def install(self) -> None:
        """Set up, once, what the subject needs in its two databases."""

    async def start(self) -> None:
        """Begin to keep them as one; returns before it works."""

    async def stop(self) -> None:
        """End that; returns when it has ended."""

    def check(self) -> None:
        """Look whether it still works, while something is waited for.

        Raises:
            RuntimeError: it does not.
        """

    def said(self) -> str:
        """What its own process last wrote, if it has one: read where something went wrong."""
        return ""

    async def settle(self) -> None:
        """Bring the servers to rest before a measurement: nothing waits to be written out."""
        async with connected(self.main, self.backup) as connections:
            await asyncio.gather(
                *(connection.execute("VACUUM public.accounts") for connection in connections)
            )
            await asyncio.gather(*(connection.execute("CHECKPOINT") for connection in connections))

    async def drained(self, within: float = 300.0) -> None:
        """Wait until both databases are equal.

        Raises:
            TimeoutError: they are not after `within` seconds.
        """
        if not self.moves:
            return
        text = statement("digest", PACKAGE)
        async with connected(self.main, self.backup) as [main, backup]:

            async def equal() -> bool:
                self.check()
                here, there = await asyncio.gather(main.fetchval(text), backup.fetchval(text))
                return bool(here == there)

            await until(equal, within=within, every=0.5)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start, wait until a change arrives, and stop after the measurement, when all has arrived."""
        await self.start()
        try:
            if self.moves:
                await self._arrives()
            yield
            await self.drained()
        finally:
            await self.stop()

    async def _arrives(self) -> None:
        mark = secrets.token_hex(8)
        async with connected(self.main, self.backup) as [main, backup]:
            await main.execute(statement("update_account", PACKAGE), 1, mark)

            async def here() -> bool:
                self.check()
                return bool(await backup.fetch(statement("seen", PACKAGE), [1], mark))

            await until(here, within=_READY_WITHIN)


class Capture(Subject):
    """Our triggers on both sides, and nobody who reads what they write."""

    name = "capture"

    async def install(self) -> None:
        async with connected(self.main, self.backup) as connections:
            for side, connection in zip(Side, connections, strict=True):
                await install(connection, side=side, schemas=("public",))

    async def settle(self) -> None:
        async with connected(self.main) as [main]:
            await main.execute(statement("clear_changelog", PACKAGE))
        await super().settle()


class Ours(Subject):
    """The service as users run it: a process of its own, started and ended as by an operator."""

    name = "ours"
    moves = True

    def __init__(self, servers: Servers, folder: Path) -> None:
        super().__init__(servers)
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def install(self) -> None:
        """Let the service meet the two equal databases once; it installs what it needs."""
        await self.start()
        try:
            async with connected(self.main, self.backup) as connections:

                async def ready() -> bool:
                    self.check()
                    try:
                        return all([await each.fetchval(statement("met", PACKAGE)) for each in connections])
                    except asyncpg.UndefinedTableError:
                        return False

                await until(ready, within=_READY_WITHIN)
        finally:
            await self.stop()

    async def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {
            **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            "DATABASE_URL": self.main,
            "BACKUP_DATABASE_URL": self.backup,
            "BACKUP_DIR": str(self._folder / "snapshots"),
            "JWT_SECRET": secrets.token_hex(32),
            "PORT": str(port),
            "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        }
        with (self._folder / "service.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "server", "run",
                cwd=self._folder, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    async def stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_WITHIN):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        if code != 0:
            raise self._ended(code)

    def check(self) -> None:
        if self._process is not None and self._process.returncode is not None:
            raise self._ended(self._process.returncode)

    def _ended(self, code: int) -> RuntimeError:
        return RuntimeError(f"the service ended with {code}")

    def said(self) -> str:
        log = self._folder / "service.log"
        return log.read_text()[-3000:] if log.exists() else ""


class Native(Subject):
    """PostgreSQL's own logical replication, both ways, origin = none."""

    name = "native"
    moves = True

    async def install(self) -> None:
        async with connected(self.main, self.backup) as [main, backup]:
            for connection in (main, backup):
                await connection.execute(statement("publish", PACKAGE))
            for connection, other in ((main, self.backup), (backup, self.main)):
                compose = statement("subscribe", PACKAGE)
                await connection.execute(await connection.fetchval(compose, _conninfo(other)))
        await self.stop()

    async def start(self) -> None:
        await self._each("subscription_on")

    async def stop(self) -> None:
        await self._each("subscription_off")
        async with connected(self.main, self.backup) as [main, backup]:

            async def ended() -> bool:
                text = statement("subscription_workers", PACKAGE)
                return not (await main.fetchval(text) or await backup.fetchval(text))

            await until(ended, within=60)

    async def _each(self, name: str) -> None:
        async with connected(self.main, self.backup) as connections:
            for connection in connections:
                await _patiently(connection, statement(name, PACKAGE))


async def _patiently(connection: asyncpg.Connection, text: str) -> None:
    """Run a statement; once more where the subscription's worker held the catalog row in that moment."""
    try:
        await connection.execute(text)
    except asyncpg.ObjectInUseError:
        await connection.execute(text)


def _conninfo(url: str) -> str:
    """A URL through a socket as the key = value form that walreceiver takes on every version."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    database = parts.path.lstrip("/")
    return f"host={query['host'][0]} port={query['port'][0]} dbname={database} user={parts.username}"


def subjects(rig: Rig, names: list[str]) -> list[Subject]:
    """Make the named subjects on the rig's servers, in the order none, capture, ours, native."""
    known: list[Subject] = [
        Subject(rig.ours),
        Capture(rig.ours),
        Ours(rig.ours, rig.folder),
        Native(rig.native),
    ]
    return [subject for subject in known if subject.name in names]
