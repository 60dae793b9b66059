"""One file of a folder, read by its descriptor: what is verified is what is restored."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Final

from cdc.snapshot.disk_faults import translated

CHUNK_BYTES: Final = 256 * 1024


class DiskSource:
    """An open descriptor of an ordinary file, and its name for messages."""

    def __init__(self, name: str, descriptor: int) -> None:
        """Take the descriptor; whoever opened it closes it."""
        self.name = name
        self.size_bytes = os.fstat(descriptor).st_size
        self._descriptor = descriptor

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes from the start.

        Raises:
            StoreUnwritable: the disk refuses to give them.
        """
        offset = 0
        while data := await asyncio.to_thread(self._read, offset):
            offset += len(data)
            yield data

    def _read(self, offset: int) -> bytes:
        with translated(self.name):
            return os.pread(self._descriptor, CHUNK_BYTES, offset)
