"""The gzip around a snapshot: one member with the document, and a second, empty one with the checksum of it all.

Gzip's own checksum is of the contents: bits of the compressed form that mean nothing can change unnoticed, and more
can be added behind it. The second member ends the file and holds the SHA-256 of every byte before it. Both have
fixed headers, so that no byte of the file is free. Any gzip reads the file as the document alone. Pure.
"""

from __future__ import annotations

import struct
from typing import Final

from cdc.snapshot.errors import SnapshotDamaged

MAGIC: Final = b"\x1f\x8b"
MEMBER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""How the file begins: deflate, no time, no name."""
LAST_BLOCK: Final = b"\x03\x00"
"""An empty block of deflate's that is marked as the last."""

_EXTRA: Final = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff"
_FIELD: Final = struct.Struct("<H2sH32sQ")
_FIELD_NAME: Final = b"CD"
_DIGEST_AND_LENGTH: Final = 40
_EMPTY_CONTENT: Final = LAST_BLOCK + bytes(8)
SEAL_BYTES: Final = len(_EXTRA) + _FIELD.size + len(_EMPTY_CONTENT)
"""Length of the second member."""


def member_end(crc: int, length: int) -> bytes:
    """How the first member ends: CRC-32 and length of the document."""
    return struct.pack("<II", crc, length & 0xFFFFFFFF)


def seal(digest: bytes, length: int) -> bytes:
    """The second member.

    Args:
        digest: SHA-256 of every byte before it.
        length: the document's, in bytes.
    """
    field = _FIELD.pack(_DIGEST_AND_LENGTH + 4, _FIELD_NAME, _DIGEST_AND_LENGTH, digest, length)
    return _EXTRA + field + _EMPTY_CONTENT


def check_seal(data: bytes, digest: bytes, length: int) -> None:
    """Compare the last bytes of a file with what they must be.

    Raises:
        SnapshotDamaged: the file was cut, changed or added to.
    """
    if data == seal(digest, length):
        return
    if data[: len(_EXTRA)] != _EXTRA or data[-len(_EMPTY_CONTENT) :] != _EMPTY_CONTENT:
        raise SnapshotDamaged("its end is missing, or something was added behind it")
    raise SnapshotDamaged("its checksum does not fit: bytes were changed")
