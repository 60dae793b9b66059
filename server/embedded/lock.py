"""File locks between processes. The system lets go of them when a process dies, however it dies."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from server.embedded.faults import fault, folder_fault

_PAUSE = 0.05


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise folder_fault(error, "a lock file") from error


@asynccontextmanager
async def exclusive(path: Path, within: float) -> AsyncIterator[None]:
    """Hold a lock that one process at a time can have.

    Args:
        path: the lock file; made where missing, never removed.
        within: seconds to wait for another process.

    Raises:
        EmbeddedServerError: another process kept it for longer than that.
    """
    number = _open(path)
    try:
        try:
            async with asyncio.timeout(within):
                while not _take(number, fcntl.LOCK_EX):  # noqa: ASYNC110  the system tells nobody
                    await asyncio.sleep(_PAUSE)
        except TimeoutError as error:
            raise fault(
                f"another process has been starting or stopping this server for {within:g} s ({path})",
                hint="look for another `cdc` on this machine, and wait for it or end it",
            ) from error
        yield
    finally:
        os.close(number)


class Usage:
    """A mark that this process uses a server, so that another one leaving does not stop it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number: int | None = None

    def join(self) -> None:
        """Say that this process uses it. To be called under the exclusive lock; repeating is fine.

        Raises:
            EmbeddedServerError: the lock file cannot be opened.
        """
        self._joined()

    def leave(self) -> bool:
        """Take the mark back. To be called under the exclusive lock.

        Returns:
            Whether no other process uses the server.
        """
        number = self._joined()
        last = _take(number, fcntl.LOCK_EX)
        os.close(number)
        self._number = None
        return last

    def _joined(self) -> int:
        if self._number is None:
            self._number = _open(self._path)
            _take(self._number, fcntl.LOCK_SH)
        return self._number


def _take(number: int, kind: int) -> bool:
    try:
        fcntl.flock(number, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
