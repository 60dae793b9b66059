"""Snapshot files in a folder: written beside their name, made durable, read back, then linked to it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import secrets
import stat
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cdc.snapshot.disk_faults import translated
from cdc.snapshot.disk_pending import DiskPending
from cdc.snapshot.disk_source import DiskSource
from cdc.snapshot.errors import SnapshotNotFound, StoreError
from cdc.snapshot.names import is_listed, is_plain
from cdc.snapshot.storage import Pending, Source, StoredFile

_TEMPORARY: Final = re.compile(r"\.[^/\x00]+\.[0-9a-f]{12}\.tmp")
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SHARED_BITS: Final = 0o077


class DiskStore:
    """A folder. Files are 0600; the folder is 0700 where it is ours alone."""

    def __init__(self, folder: str | Path) -> None:
        """Take the folder; it need not be there yet."""
        self.folder = Path(folder).expanduser().resolve()
        self.location = str(self.folder)

    def filepath(self, name: str) -> str:
        """Where a file of that name is."""
        return str(self.folder / name)

    def resolve(self, filepath: str) -> str | None:
        """The bare name of a file that lies in the folder itself; None for any other."""
        path = Path(filepath)
        # A relative one is looked for from the folder, then from where we work; an absolute one takes no notice.
        for start in (self.folder, Path()):
            with suppress(OSError, RuntimeError):
                place = start / path
                if place.name not in {"", "..", "."} and place.parent.resolve() == self.folder:
                    return place.name
        return None

    async def files(self) -> list[StoredFile]:
        """The ordinary files that are called like snapshots, in the order of their names."""
        return await asyncio.to_thread(self._files)

    def _files(self) -> list[StoredFile]:
        found = []
        with translated(self.location), suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                if not is_listed(entry.name):
                    continue
                with suppress(FileNotFoundError):
                    said = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(said.st_mode):
                        at = datetime.fromtimestamp(said.st_mtime, UTC)
                        found.append(StoredFile(entry.name, said.st_size, at))
        return sorted(found, key=lambda file: file.name)

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[Source]:
        """Hold an ordinary file of the folder open.

        Raises:
            SnapshotNotFound: there is none of that name; a symbolic link is none.
            StoreUnwritable: it cannot be read.
        """
        opening = asyncio.ensure_future(asyncio.to_thread(self._open, name))
        try:
            descriptor = await asyncio.shield(opening)
        except asyncio.CancelledError:
            os.close(await opening)
            raise
        try:
            yield DiskSource(name, descriptor)
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int:
        if not is_plain(name):
            raise SnapshotNotFound(name)
        with translated(self.filepath(name), missing=SnapshotNotFound(name)):
            folder = os.open(self.folder, _FOLDER)
            try:
                descriptor = os.open(name, _FILE, dir_fd=folder)
            finally:
                os.close(folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise SnapshotNotFound(name)
        return descriptor

    async def begin(self, name: str) -> Pending:
        """Begin a file under a temporary name in the same folder.

        Raises:
            StoreUnwritable: the folder cannot be made or written to.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="snapshot-file")
        beginning = asyncio.get_running_loop().run_in_executor(thread, self._begin, name, thread)
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            await (await beginning).abort()
            raise

    def _begin(self, name: str, thread: ThreadPoolExecutor) -> DiskPending:
        try:
            with translated(self.location):
                self._make_folder()
                folder = os.open(self.folder, _FOLDER)
                try:
                    temporary, descriptor = _created(name, folder)
                except OSError:
                    os.close(folder)
                    raise
        except StoreError:
            thread.shutdown(wait=False)
            raise
        return DiskPending(
            self.location, (name, temporary), folder=folder, descriptor=descriptor, thread=thread
        )

    def _make_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = self.folder.stat()
        mine = said.st_uid == os.geteuid() and not said.st_mode & stat.S_ISVTX
        if mine and said.st_mode & _SHARED_BITS and all(map(_belongs, os.listdir(self.folder))):  # noqa: PTH208 - names
            self.folder.chmod(0o700)

    async def remove(self, name: str) -> None:
        """Remove a file and make that durable.

        Raises:
            SnapshotNotFound: there is none of that name.
            StoreUnwritable: it cannot be removed.
        """
        await asyncio.to_thread(self._remove, name)

    def _remove(self, name: str) -> None:
        if not is_plain(name):
            raise SnapshotNotFound(name)
        with translated(self.filepath(name), missing=SnapshotNotFound(name)):
            folder = os.open(self.folder, _FOLDER)
            try:
                os.unlink(name, dir_fd=folder)
                os.fsync(folder)
            finally:
                os.close(folder)

    async def free_bytes(self) -> int | None:
        """What is left on the folder's file system for us; None where the folder is not there yet."""
        try:
            said = await asyncio.to_thread(os.statvfs, self.folder)
        except OSError:
            return None
        return said.f_bavail * said.f_frsize

    async def sweep(self) -> list[str]:
        """Remove temporary files that nobody writes to any more."""
        return await asyncio.to_thread(self._sweep)

    def _sweep(self) -> list[str]:
        with translated(self.location), suppress(FileNotFoundError):
            names = sorted(filter(_TEMPORARY.fullmatch, os.listdir(self.folder)))  # noqa: PTH208 - names
            return [name for name in names if self._sweep_one(self.folder / name)]
        return []

    def _sweep_one(self, path: Path) -> bool:
        try:
            descriptor = os.open(path, _FILE)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True


def _created(name: str, folder: int) -> tuple[str, int]:
    """Make a temporary file and lock it for as long as we live: whoever sweeps knows by that what is in use."""
    while True:
        temporary = f".{name}.{secrets.token_hex(6)}.tmp"
        descriptor = os.open(temporary, _NEW, 0o600, dir_fd=folder)
        # Some network file systems have no locks; there, nothing is swept either.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return temporary, descriptor
        # Somebody swept between the two calls.
        os.close(descriptor)


def _belongs(name: str) -> bool:
    return is_listed(name) or _TEMPORARY.fullmatch(name) is not None or name in {".gitignore", ".gitkeep"}
