"""The command line and the service as processes of their own, as a user runs them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from server.api.tokens import Terms, mint
from server.settings import VARIABLES

PATIENCE = 150.0
"""Seconds that any one thing is waited for; reached only when something is broken."""
JWT_SECRET = "a secret of the tests, longer than 32 bytes"  # noqa: S105
TOKEN = mint(JWT_SECRET, "tester", 3600, Terms())
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(slots=True)
class Shell:
    """Runs `python -m server` in a folder with these variables, and no others of ours.

    `open_files` limits how many files and connections a process may have.
    """

    folder: Path
    variables: Mapping[str, str]
    open_files: int | None = None

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        root = str(Path(__file__).parent.parent)
        return {**kept, "PYTHONPATH": root, "JWT_SECRET": JWT_SECRET, **self.variables, **more}

    async def start(self, *arguments: str, **variables: str) -> asyncio.subprocess.Process:
        limits = ("sh", "-c", 'ulimit -n "$0" && exec "$@"', str(self.open_files)) if self.open_files else ()
        return await asyncio.create_subprocess_exec(
            *limits,
            sys.executable,
            "-m",
            "server",
            *arguments,
            cwd=self.folder,
            env=self._environment(variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=1024 * 1024,
        )

    async def __call__(self, *arguments: str, **variables: str) -> Ended:
        """Run a command to its end."""
        process = await self.start(*arguments, **variables)
        try:
            async with asyncio.timeout(PATIENCE):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def service(self, *arguments: str, **variables: str) -> AsyncIterator[Running]:
        """Run the service for as long as the block lasts; killed at the end where it still runs."""
        process = await self.start("run", *arguments, **{"PORT": "0", "LOG_LEVEL": "INFO", **variables})
        running = Running(process)
        reading = asyncio.create_task(running.read())
        try:
            yield running
        except BaseException:
            sys.stdout.write(running.text)  # pytest shows it with the failure
            raise
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            reading.cancel()
            await asyncio.wait({reading})


@dataclass(slots=True)
class Running:
    """A service that runs: what it logs, and how it can be asked and ended."""

    process: asyncio.subprocess.Process
    log: list[dict[str, Any]] = field(default_factory=list)
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)
    _ended: bool = False

    async def read(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            async with self._more:
                try:
                    self.log.append(json.loads(line))
                except ValueError:
                    self.log.append({"event": line.decode()})
                self._more.notify_all()
        async with self._more:
            self._ended = True
            self._more.notify_all()

    async def said(self, event: str, *, since: int = 0, **values: Any) -> dict[str, Any]:
        """Wait until the log has an event with these values; `since` leaves out that many first lines."""

        def found() -> dict[str, Any] | None:
            for line in self.log[since:]:
                if line.get("event") == event and values.items() <= line.items():
                    return line
            return None

        async with self._more:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._more.wait_for(lambda: found() or self._ended)
            except TimeoutError:
                raise AssertionError(f"never said {event!r} {values}: {self.text}") from None
        line = found()
        assert line is not None, f"ended without saying {event!r} {values}: {self.text}"
        return line

    @property
    def text(self) -> str:
        return "\n".join(json.dumps(line) for line in self.log)

    async def address(self) -> str:
        return str((await self.said("listening"))["address"])

    async def status(self) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{await self.address()}/backup/status", headers=BEARER) as answer,
        ):
            assert answer.status == 200
            found: dict[str, Any] = await answer.json()
            return found

    async def state(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the status is as wanted."""
        found: dict[str, Any] = {}

        async def reached() -> bool:
            nonlocal found
            found = await self.status()
            return wanted(found)

        try:
            await until(reached)
        except TimeoutError:
            raise AssertionError(f"never reached: {json.dumps(found)}\n{self.text}") from None
        return found

    async def streaming(self) -> dict[str, Any]:
        """Wait until both links stream."""
        return await self.state(lambda found: link_states(found) == {"streaming"})

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end. Returns the exit code, negative where a signal killed it."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


def link_states(status: Mapping[str, Any]) -> set[str]:
    return {link["state"] for link in status["sync"]["links"].values()}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - a database or another process tells nobody
            await asyncio.sleep(0.05)
