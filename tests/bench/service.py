"""The service as a subject: the whole of ours."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from pathlib import Path

import asyncpg

from tests.bench.rig import Servers, connected, until
from tests.bench.subject import PACKAGE, READY_WITHIN, Subject
from triggers.statements import statement

_STOP_WITHIN = 15.0  # seconds
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")  # no setting of the service's own
_PROJECT = Path(__file__).parent.parent.parent


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

                await until(ready, within=READY_WITHIN)
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
            "PYTHONPATH": str(_PROJECT),
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
