"""Compression by several threads: blocks that each know the end of the one before, as pigz has them.

ISA-L where its wheel exists: with 290 MB of rows on one core, level 1 packs 870 MB/s to 1/5.7; zlib's own level 1
packs 240 MB/s to 1/5.6, and level 6 77 MB/s to 1/6.3.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final

from cdc.snapshot.errors import SnapshotDamaged

_engine: Any = zlib
try:
    from isal import isal_zlib

    _engine = isal_zlib
except ImportError:  # no wheel for this machine
    pass

BLOCK_BYTES: Final = 1024 * 1024
PIECE_BYTES: Final = 256 * 1024
_WINDOW: Final = 32 * 1024
_RAW: Final = -15
_LEVEL: Final = 1


def deflated(block: bytes, before: bytes) -> bytes:
    """One block of a raw deflate stream, whole by itself. Threads may make several at once.

    Args:
        block: what to compress.
        before: the block before it, or its end; empty for the first.
    """
    if before:
        packer = _engine.compressobj(_LEVEL, zlib.DEFLATED, _RAW, zdict=before[-_WINDOW:])
    else:
        packer = _engine.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    return bytes(packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH))


def crc32(data: bytes, before: int) -> int:
    """Gzip's checksum, gone on with."""
    return int(_engine.crc32(data, before))


class Inflater:
    """A raw deflate stream as it comes, unpacked in pieces of at most PIECE_BYTES whatever it unpacks to."""

    def __init__(self) -> None:
        self._stream = _engine.decompressobj(_RAW)
        self.rest = b""
        """What came behind the stream's end."""

    @property
    def ended(self) -> bool:
        """Whether the stream's last block was met."""
        return bool(self._stream.eof)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpack what these bytes bring.

        Raises:
            SnapshotDamaged: they are no deflate stream.
        """
        if self.ended:
            self.rest += data
            return
        while True:
            try:
                piece = self._stream.decompress(data, PIECE_BYTES)
            except (zlib.error, _engine.error) as error:
                raise SnapshotDamaged(f"it cannot be unpacked ({error})") from None
            if piece:
                yield piece
            data = self._stream.unconsumed_tail
            if self._stream.eof:
                self.rest = self._stream.unused_data
                return
            if not data and len(piece) < PIECE_BYTES:
                return
