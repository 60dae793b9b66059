"""A snapshot file as it is written: compressed by several threads, summed up, encrypted where wanted, stored."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self

from cdc.snapshot.deflate import BLOCK_BYTES, crc32, deflated
from cdc.snapshot.frame import LAST_BLOCK, MEMBER, member_end, seal
from cdc.snapshot.sealing import Sealer
from cdc.snapshot.storage import Pending

THREADS: Final = max(1, min(4, os.cpu_count() or 1))


class Packing:
    """Takes the document piece by piece. Use as `async with`; `finish` ends the file."""

    def __init__(self, pending: Pending, key: bytes | None) -> None:
        """Take where the file goes, and the secret to encrypt it with, if any."""
        self._pending = pending
        self._key = key
        self._sealer: Sealer | None = None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="snapshot-pack")
        self._packed: deque[asyncio.Future[bytes]] = deque()
        self._block = bytearray()
        self._before = b""
        self._crc = 0
        self._length = 0
        self._digest = hashlib.sha256()
        self._whole = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """Of what was stored so far."""
        return self._whole.hexdigest()

    async def __aenter__(self) -> Self:
        """Write the file's first bytes.

        Raises:
            StoreError: the store refuses.
        """
        if self._key is not None:
            self._sealer = await asyncio.to_thread(Sealer, self._key)
        await self._store(MEMBER)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def write(self, data: bytes | memoryview) -> None:
        """Add to the document.

        Raises:
            StoreError: the store refuses.
        """
        self._block += data
        while len(self._block) >= BLOCK_BYTES:
            block = bytes(memoryview(self._block)[:BLOCK_BYTES])
            del self._block[:BLOCK_BYTES]
            await self._pack(block)

    async def finish(self) -> None:
        """End the document and the file.

        Raises:
            StoreError: the store refuses.
        """
        await self._pack(bytes(self._block))
        while self._packed:
            await self._store(await self._packed.popleft())
        await self._store(LAST_BLOCK + member_end(self._crc, self._length))
        await self._store(seal(self._digest.digest(), self._length))
        if self._sealer is not None:
            await self._keep(self._sealer.finish())

    async def _pack(self, block: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._packed.append(loop.run_in_executor(self._threads, deflated, block, self._before))
        self._crc = crc32(block, self._crc)
        self._length += len(block)
        self._before = block
        if len(self._packed) > THREADS:
            await self._store(await self._packed.popleft())

    async def _store(self, data: bytes) -> None:
        self._digest.update(data)
        await self._keep(self._sealer.feed(data) if self._sealer is not None else data)

    async def _keep(self, data: bytes) -> None:
        self._whole.update(data)
        self.size_bytes += len(data)
        await self._pending.write(data)
