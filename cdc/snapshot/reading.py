"""A snapshot file as it is read: unsealed, inflated, split into tables and rows, and checked on the way.

Every pass checks everything, so a restore that reads the file a second time needs no trust in the first.
"""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from cdc.snapshot import sealing
from cdc.snapshot.deflate import Inflater, crc32
from cdc.snapshot.errors import SnapshotDamaged, SnapshotForeign, SnapshotSealed
from cdc.snapshot.format import BEGIN, Footer, Header
from cdc.snapshot.frame import MAGIC, MEMBER, SEAL_BYTES, check_seal, member_end
from cdc.snapshot.parsing import Parser, Rows
from cdc.snapshot.storage import Source

__all__ = ["Rows", "SnapshotReader", "read_snapshot"]

_PROBE_BYTES: Final = 64
_GZIP: Final = 31
_PIECES: Final = 4
"""So many pieces are unpacked before others may go on: a thread is not called for each."""


class SnapshotReader:
    """A pass over a file. `header` is there from the start, `footer` and `sha256` once `rows` has ended."""

    header: Header
    footer: Footer
    sha256: str
    """Of the file as it is stored."""

    def __init__(self, source: Source, key: bytes | None) -> None:
        """Take the open file and the secret; `read_snapshot` does the rest."""
        self._steps = self._read(source, key)
        self._first: list[Rows] = []

    async def begin(self) -> None:
        """Read as far as the header.

        Raises:
            SnapshotForeign: it is none of ours.
            SnapshotDamaged: its beginning is not as it was written.
        """
        async for rows in self._steps:
            self._first = rows
            return
        raise SnapshotDamaged("it ends before its header")

    async def rows(self) -> AsyncIterator[Rows]:
        """The rows of every table in the order of the file, some hundred KiB at a time. Once.

        Raises:
            SnapshotDamaged: the file is not as it was written. What was given before is not to be trusted.
        """
        for one in self._first:
            yield one
        self._first = []
        async for many in self._steps:
            for one in many:
                yield one

    async def close(self) -> None:
        """Give up what is open."""
        await self._steps.aclose()

    async def _read(self, source: Source, key: bytes | None) -> AsyncGenerator[list[Rows], None]:
        unpacking, whole, known = _Unpacking(), hashlib.sha256(), False
        async with aclosing(_opened(source, key, whole)) as plain:
            async for data in plain:
                # Unpacking, searching and hashing take a thread; one piece at a time keeps memory small.
                pieces = unpacking.feed(data)
                while (rows := await asyncio.to_thread(next, pieces, None)) is not None:
                    if unpacking.parser.header is not None and (rows or not known):
                        self.header, known = unpacking.parser.header, True
                        yield rows
        self.header, self.footer = unpacking.finish()
        self.sha256 = whole.hexdigest()


class _Unpacking:
    """The gzip around the document, and the document in it."""

    def __init__(self) -> None:
        self.parser = Parser()
        self._inflater = Inflater()
        self._digest = hashlib.sha256()
        self._held = b""
        self._begun = False
        self._crc = 0
        self._length = 0

    def feed(self, data: bytes) -> Iterator[list[Rows]]:
        """Take bytes of the file, give rows some pieces at a time."""
        self._held += data
        if not self._begun and len(self._held) >= max(len(MEMBER), _PROBE_BYTES):
            _check_member(self._held)
            self._digest.update(MEMBER)
            self._held, self._begun = self._held[len(MEMBER) :], True
        if not self._begun or len(self._held) <= SEAL_BYTES:
            return
        data, self._held = self._held[:-SEAL_BYTES], self._held[-SEAL_BYTES:]
        self._digest.update(data)
        rows: list[Rows] = []
        for number, piece in enumerate(self._inflater.feed(data), 1):
            self._crc = crc32(piece, self._crc)
            self._length += len(piece)
            rows += self.parser.feed(piece)
            if not number % _PIECES:
                yield rows
                rows = []
        yield rows

    def finish(self) -> tuple[Header, Footer]:
        """What the document said, once nothing more comes."""
        if not self._begun:
            _check_member(self._held)
            raise SnapshotDamaged("it ends within its first bytes")
        if not self._inflater.ended:
            raise SnapshotDamaged("it is cut off")
        if self._inflater.rest != member_end(self._crc, self._length):
            raise SnapshotDamaged("its length or checksum does not fit, or something was added to it")
        check_seal(self._held, self._digest.digest(), self._length)
        return self.parser.finish()


def _check_member(data: bytes) -> None:
    """See that a file begins as ours do.

    Raises:
        SnapshotForeign: it does not, and is not one of ours that something has packed again.
        SnapshotDamaged: it is.
    """
    if data.startswith(MEMBER) or MEMBER.startswith(data):
        return
    if data.startswith(MAGIC):
        try:
            inside = zlib.decompressobj(_GZIP).decompress(data, len(BEGIN))
        except zlib.error:
            inside = b""
        if inside and BEGIN.startswith(inside):
            raise SnapshotDamaged("its first bytes were changed, or another program has packed it again")
    raise SnapshotForeign(
        "the file is not a snapshot of this product",
        hint="a snapshot is made by `cdc backup` or `cdc export`",
    )


async def _opened(source: Source, key: bytes | None, whole: hashlib._Hash) -> AsyncGenerator[bytes, None]:
    """The file's bytes, decrypted where they are encrypted; `whole` is told all of them as they are stored."""
    opener: sealing.Opener | None = None
    held, known = b"", False
    async for data in source.chunks():
        whole.update(data)
        plain = data
        if not known:
            held += data
            if len(held) < len(sealing.MAGIC):
                continue
            plain, known = held, True
            if held.startswith(sealing.MAGIC):
                opener = _opener(key)
        yield await asyncio.to_thread(opener.feed, plain) if opener else plain
    if not known:
        yield held
    if opener:
        yield await asyncio.to_thread(opener.finish)


def _opener(key: bytes | None) -> sealing.Opener:
    if key is None:
        raise SnapshotSealed(
            "the snapshot is encrypted", hint="set BACKUP_ENCRYPTION_KEY to the value it had when it was made"
        )
    return sealing.Opener(key)


@asynccontextmanager
async def read_snapshot(source: Source, *, key: bytes | None = None) -> AsyncIterator[SnapshotReader]:
    """Begin a pass over an open file; several may follow each other on the same `source`.

    Args:
        source: from `store.open(name)`.
        key: the secret that encrypted files are read with.

    Raises:
        SnapshotForeign: it is none of ours.
        SnapshotSealed: it is encrypted with another key, or none was given.
        SnapshotDamaged: its beginning is not as it was written.
    """
    reader = SnapshotReader(source, key)
    try:
        await reader.begin()
        yield reader
    finally:
        await reader.close()
