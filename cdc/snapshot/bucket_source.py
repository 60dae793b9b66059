"""One object of a bucket, read piece by piece: every piece of the same version, by its entity tag."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import PreconditionError
from obstore.store import S3Store

from cdc.snapshot.bucket_faults import translated
from cdc.snapshot.errors import SnapshotDamaged

if TYPE_CHECKING:
    from obstore import GetOptions

PIECE_BYTES: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class BucketSource:
    """An object as it was when it was looked at."""

    store: S3Store
    name: str
    size_bytes: int
    tag: str

    @classmethod
    async def of(cls, store: S3Store, name: str) -> BucketSource:
        """Look at an object.

        Raises:
            FileNotFoundError: there is none of that name.
        """
        found = await obstore.head_async(store, name)
        return cls(store, name, found["size"], found["e_tag"] or "*")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The object's bytes from the start.

        Raises:
            SnapshotDamaged: it was replaced meanwhile.
            StoreError: the server does not give it.
        """
        for start in range(0, self.size_bytes, PIECE_BYTES):
            end = min(start + PIECE_BYTES, self.size_bytes)
            yield await self._piece(start, end)

    async def _piece(self, start: int, end: int) -> bytes:
        options: GetOptions = {"range": (start, end), "if_match": self.tag}
        with translated(self.name):
            try:
                result = await obstore.get_async(self.store, self.name, options=options)
                return bytes(await result.bytes_async())
            except (PreconditionError, FileNotFoundError):
                raise SnapshotDamaged("it was replaced or removed while it was read") from None
