"""One PostgreSQL server of our own: made, started, picked up, stopped, killed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from server.embedded.creation import SUPERUSER, create
from server.embedded.database import ensure
from server.embedded.faults import EmbeddedServerError, fault, folder_fault
from server.embedded.lock import Usage, exclusive
from server.embedded.place import ELSEWHERE, Place, make_folder, settle
from server.embedded.process import (
    is_alive,
    log_since,
    log_size,
    reap,
    remove_stale_files,
    running,
    send,
    slay,
    spawn,
)

_PAUSE = 0.02
_LOOK = 0.5
_PORT = 5432
# After a kill its processes need a moment to notice; until then a new server refuses to start.
_STILL_ENDING = "pre-existing shared memory block"
_SETTINGS: Mapping[str, str] = {
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%a ",
    "log_checkpoints": "off",
}


@dataclass(frozen=True, slots=True)
class Start:
    """What starting did: `created` an empty server, or `picked_up` a running one."""

    created: bool
    picked_up: bool
    notes: tuple[str, ...]


class Cluster:
    """A server in a folder of its own, reached through a socket that only its user and root can open.

    Args:
        name: a plain word; the files are `<folder>/<name>/…`, the log is `<folder>/<name>.log`.
        folder: the data folder. Made where missing.
        version: PostgreSQL's major version, 18 or 16.
        settings: PostgreSQL settings beside ours, such as `{"wal_level": "logical"}`. A server that runs
            already keeps the settings it was started with.
        elsewhere: where the data goes when the user that the server runs as cannot enter `folder`.
        programs: the folder of other programs than the wheel's; they decide on the version.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        version: int = 18,
        settings: Mapping[str, str] | None = None,
        elsewhere: Path = ELSEWHERE,
        programs: Path | None = None,
    ) -> None:
        self.name = name
        self.folder = folder.absolute()
        self.version = version
        self._settings = {**_SETTINGS, **(settings or {})}
        self._elsewhere = elsewhere
        self._programs = programs
        self._place: Place | None = None
        self._socket = ""
        self._usage = Usage(self.folder / f"{name}.users")

    @property
    def place(self) -> Place:
        """Where its files lie.

        Raises:
            EmbeddedServerError: it has not been started by this object.
        """
        if self._place is None:
            raise EmbeddedServerError(f"the server {self.name} has not been started", hint="start it first")
        return self._place

    @property
    def log(self) -> Path:
        """What the server writes about itself."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """The server's process, None while none runs."""
        reap()
        noted = running(self.place.data)
        return noted.pid if noted else None

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """A URL for psql, asyncpg and every libpq client. It holds no secret."""
        where = urlencode({"host": self._socket or self.place.socket, "port": _PORT}, safe="/")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?{where}"

    async def start(self, within: float = 120) -> Start:
        """Have the server run and let clients in: make it, start it, or pick up the one that runs.

        Args:
            within: seconds for all of it; recovery after a crash is the longest part.

        Raises:
            EmbeddedServerError: it cannot be made or does not start; the hint says what to do.
        """
        make_folder(self.folder)
        async with exclusive(self.folder / f"{self.name}.lock", within):
            self._usage.join()
            try:
                async with asyncio.timeout(within):
                    self._place = await settle(
                        self.name, self.folder, self.version, self._elsewhere, self._programs
                    )
                    self.version = self._place.binaries.version
                    created = await create(self._place, sync=self._settings.get("fsync") != "off")
                    picked_up = await self._bring_up()
            except TimeoutError as error:
                said = log_since(self.log, 0)
                raise fault(f"the server {self.name} is not ready after {within:g} s", said) from error
            except OSError as error:
                raise folder_fault(error, "the server's folder") from error
        return Start(created, picked_up, self._place.notes)

    async def stop(self, within: float = 30) -> bool:
        """Stop the server, unless another process uses it too. Clients are disconnected.

        Args:
            within: seconds for a clean shutdown; after that it is stopped at once, which costs a recovery.

        Returns:
            Whether it was stopped.
        """
        data = self.place.data
        async with exclusive(self.folder / f"{self.name}.lock", within):
            if not self._usage.leave():
                return False
            for number in (signal.SIGINT, signal.SIGQUIT):
                noted = running(data)
                if noted is None:
                    break
                send(noted.pid, number)
                if await self._gone([noted.pid], within):
                    break
            else:
                await self.kill()
        reap()
        return True

    async def kill(self) -> None:
        """Kill the server and all its processes at once, as a power cut would. For tests of faults."""
        noted = running(self.place.data)
        if noted is not None:
            await self._gone(slay(noted.pid), 10)

    async def ended(self) -> None:
        """Wait until the server does not run, for whatever reason. Then `start` it again, if it should."""
        while self.pid is not None:  # noqa: ASYNC110  it may be another process's child: nobody tells us
            await asyncio.sleep(_LOOK)

    async def ensure_database(self, name: str) -> bool:
        """Make a database where it is missing.

        Returns:
            Whether it was made.
        """
        return await ensure(self.url(), name)

    async def _bring_up(self) -> bool:
        """Wait for the running server, or start one. Returns whether one ran already."""
        data = self.place.data
        while True:
            reap()
            noted = running(data)
            if noted is not None and noted.status == "ready":
                self._socket = noted.socket
                return True
            if noted is not None:
                # It is on its way up or down, begun by someone who is gone.
                await asyncio.sleep(_PAUSE)
                continue
            remove_stale_files(data, self.place.socket)
            if await self._launch():
                return False

    async def _launch(self) -> bool:
        """Start the program and wait until it answers. False: the last one has not quite gone, try again."""
        place = self.place
        settings = {
            **self._settings,
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": str(place.socket),
            "unix_socket_permissions": "0700",
        }
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        start = log_size(self.log)
        postgres = place.binaries.program("postgres")
        process = spawn(
            [postgres, "-D", place.data, *words], who=place.account, folder=place.home, log=self.log
        )
        while process.poll() is None:
            noted = running(place.data)
            if noted is not None and noted.pid == process.pid and noted.status == "ready":
                self._socket = noted.socket
                return True
            await asyncio.sleep(_PAUSE)
        said = log_since(self.log, start)
        if _STILL_ENDING in said:
            await asyncio.sleep(_PAUSE)
            return False
        raise fault(f"the server {self.name} does not start", said, hint=f"see {self.log}")

    async def _gone(self, pids: list[int], within: float) -> bool:
        """Wait until processes have ended; False when they still run after `within` seconds."""
        try:
            async with asyncio.timeout(within):
                while any(is_alive(pid) for pid in pids):
                    reap()
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            return False
        reap()
        return True
