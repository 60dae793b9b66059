"""A file on its way into a bucket, under a temporary name until it is known to be right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from cdc.snapshot.bucket_faults import translated
from cdc.snapshot.bucket_source import BucketSource
from cdc.snapshot.errors import StoreUnwritable
from cdc.snapshot.names import numbered
from cdc.snapshot.storage import Source

T = TypeVar("T")

_PART_BYTES: Final = 8 * 1024 * 1024
_PARTS_AT_ONCE: Final = 2
_LAST_NUMBER: Final = 100


class BucketPending:
    """An upload in parts; two of them are under way at once, and a third is gathered."""

    def __init__(self, store: S3Store, location: str, name: str, temporary: str) -> None:
        """Take the bucket, its name for people, the name wanted and the temporary one."""
        self._store = store
        self._location = location
        self._name = name
        self._temporary = temporary
        self._closed = False
        self._upload = obstore.open_writer_async(
            store, temporary, buffer_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
        )

    async def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            StoreError: the server does not take them.
        """
        if self._closed:
            raise StoreUnwritable(f"{self._name} was given up", hint="start again")
        with translated(self._location):
            await self._upload.write(data)

    async def commit(self, check: Callable[[Source], Awaitable[T]]) -> tuple[str, T]:
        """Complete the upload, check by reading, copy to the name, remove the temporary object.

        Raises:
            StoreError: the server refuses, or every name of that second is taken.
        """
        with translated(self._location):
            await self._upload.close()
            source = await BucketSource.of(self._store, self._temporary)
        found = await check(source)
        name = await self._publish()
        await self.abort()
        return name, found

    async def _publish(self) -> str:
        name, number = self._name, 1
        while not await self._place(name):
            number += 1
            name = numbered(self._name, number)
            if number > _LAST_NUMBER:
                raise StoreUnwritable(
                    f"{self._name} and {_LAST_NUMBER} names like it are taken", hint="look at the clock"
                )
        return name

    async def _place(self, name: str) -> bool:
        """Give the object this name unless another has it."""
        with translated(self._location):
            try:
                await obstore.copy_async(self._store, self._temporary, name, overwrite=False)
            except AlreadyExistsError:
                return False
        return True

    async def abort(self) -> None:
        """Remove the temporary object. An upload under way must be completed to be removed."""
        if self._closed:
            return
        self._closed = True
        with suppress(BaseError, OSError, ValueError, RuntimeError):
            if not await self._upload.closed():
                await self._upload.close()
        with suppress(BaseError, OSError, ValueError):
            await obstore.delete_async(self._store, [self._temporary])
