"""A file on its way into a folder, under a temporary name until it is known to be right."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from cdc.snapshot.disk_faults import translated
from cdc.snapshot.disk_source import DiskSource
from cdc.snapshot.errors import StoreUnwritable
from cdc.snapshot.names import numbered
from cdc.snapshot.storage import Source

T = TypeVar("T")

_LAST_NUMBER: Final = 1000
_NO_LINKS: Final = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NOREPLACE: Final = 1
"""RENAME_NOREPLACE of renameat2(2)."""


class DiskPending:
    """A temporary file. All that is done to it is done by one thread, in order, so that nothing overtakes."""

    def __init__(
        self,
        location: str,
        names: tuple[str, str],
        *,
        folder: int,
        descriptor: int,
        thread: ThreadPoolExecutor,
    ) -> None:
        """Take the name and the temporary one, the descriptors of folder and file, and the thread: ours to close."""
        self._location = location
        self._name, self._temporary = names
        self._folder = folder
        self._descriptor = descriptor
        self._thread = thread
        self._closed = False

    async def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            StoreFull: no room.
            StoreUnwritable: the disk refuses.
        """
        await self._run(self._write, data)

    async def commit(self, check: Callable[[Source], Awaitable[T]]) -> tuple[str, T]:
        """Flush to disk, check by reading, give it its name, flush the folder.

        Raises:
            StoreFull: no room.
            StoreUnwritable: the disk refuses, or every name of that second is taken.
        """
        await self._run(self._flush)
        found = await check(DiskSource(self._name, self._descriptor))
        name = await self._run(self._publish)
        return name, found

    async def abort(self) -> None:
        """Remove the temporary file."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._discard)
            self._thread.shutdown(wait=False)

    async def _run(self, act: Callable[..., T], *arguments: bytes) -> T:
        if self._closed:
            raise StoreUnwritable(f"{self._name} was given up", hint="start again")
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, *arguments)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        with translated(self._location):
            while view:
                view = view[os.write(self._descriptor, view) :]

    def _flush(self) -> None:
        with translated(self._location):
            os.fsync(self._descriptor)
        if hasattr(os, "posix_fadvise"):
            # What is read back shall come from the disk, not from memory.
            with suppress(OSError):
                os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def _publish(self) -> str:
        name, number = self._name, 1
        with translated(self._location):
            while not self._place(name):
                number += 1
                name = numbered(self._name, number)
                if number > _LAST_NUMBER:
                    raise StoreUnwritable(
                        f"{self._name} and {_LAST_NUMBER} names like it are taken", hint="look at the clock"
                    )
            try:
                os.fsync(self._folder)
            except OSError:
                os.unlink(name, dir_fd=self._folder)
                raise
        self._closed = True
        self._close()
        self._thread.shutdown(wait=False)
        return name

    def _place(self, name: str) -> bool:
        """Give the file this name unless another has it."""
        try:
            os.link(self._temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return _rename(self._folder, self._temporary, name)
        os.unlink(self._temporary, dir_fd=self._folder)
        return True

    def _discard(self) -> None:
        with suppress(OSError):
            os.unlink(self._temporary, dir_fd=self._folder)
        self._close()

    def _close(self) -> None:
        for descriptor in (self._descriptor, self._folder):
            with suppress(OSError):
                os.close(descriptor)


def _rename(folder: int, old: str, new: str) -> bool:
    """Rename without overwriting on a file system that has no hard links; False where `new` is taken.

    Raises:
        OSError: that cannot be done here either.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        raise OSError(errno.EOPNOTSUPP, "the file system can neither link nor rename without overwriting")
    if rename(folder, os.fsencode(old), folder, os.fsencode(new), _NOREPLACE) == 0:
        return True
    code = ctypes.get_errno()
    if code == errno.EEXIST:
        return False
    raise OSError(code, os.strerror(code))
