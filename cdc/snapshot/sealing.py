"""Encryption of snapshot files: AES-256-GCM in pieces, so that they stream; docs/snapshot-format.md has the layout.

Each piece is sealed with its number and with whether it is the last, so none can be moved, left out or cut off.
The key of a file is made from the secret and the file's own salt, so no number is ever used twice with a key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cdc.snapshot.errors import SnapshotDamaged, SnapshotSealed

MAGIC: Final = b"cdc-sealed-1\n"
PIECE_BYTES: Final = 256 * 1024
_SALT_BYTES: Final = 16
_CHECK_BYTES: Final = 16
_TAG_BYTES: Final = 16
HEAD_BYTES: Final = len(MAGIC) + _SALT_BYTES + _CHECK_BYTES
_MEMORY: Final = 64 * 1024 * 1024


def _derived(secret: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    """The cipher of one file, and bytes by which another secret is told from damage."""
    made = hashlib.scrypt(secret, salt=salt, n=2**15, r=8, p=1, maxmem=_MEMORY, dklen=32 + _CHECK_BYTES)
    return AESGCM(made[:32]), made[32:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class Sealer:
    """Encrypts one file."""

    def __init__(self, secret: bytes) -> None:
        salt = secrets.token_bytes(_SALT_BYTES)
        self._cipher, check = _derived(secret, salt)
        self._head = MAGIC + salt + check
        self._held = bytearray()
        self._number = 0
        self._ready = self._head

    def feed(self, data: bytes) -> bytes:
        """Take more bytes; give what can be written."""
        self._held += data
        out, self._ready = [self._ready], b""
        # A piece is sealed once it is known not to be the last.
        while len(self._held) > PIECE_BYTES:
            out.append(self._seal(bytes(self._held[:PIECE_BYTES]), last=False))
            del self._held[:PIECE_BYTES]
        return b"".join(out)

    def finish(self) -> bytes:
        """The end of the file."""
        return self._ready + self._seal(bytes(self._held), last=True)

    def _seal(self, piece: bytes, *, last: bool) -> bytes:
        nonce = _nonce(self._number, last=last)
        self._number += 1
        return self._cipher.encrypt(nonce, piece, self._head)


class Opener:
    """Decrypts one file as it comes; gives nothing that was not proved to be as it was sealed."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._cipher: AESGCM | None = None
        self._head = b""
        self._held = bytearray()
        self._number = 0

    def feed(self, data: bytes) -> bytes:
        """Take more bytes; give what they hold.

        Raises:
            SnapshotSealed: the file was encrypted with another secret.
            SnapshotDamaged: a piece was changed, moved, or put in.
        """
        self._held += data
        if self._cipher is None:
            if len(self._held) < HEAD_BYTES:
                return b""
            self._begin()
        size = PIECE_BYTES + _TAG_BYTES
        out = []
        while len(self._held) > size:
            out.append(self._open(bytes(self._held[:size]), last=False))
            del self._held[:size]
        return b"".join(out)

    def finish(self) -> bytes:
        """The end of what the file holds.

        Raises:
            SnapshotDamaged: the file was cut.
        """
        if self._cipher is None:
            raise SnapshotDamaged("it ends within its first bytes")
        return self._open(bytes(self._held), last=True)

    def _begin(self) -> None:
        self._head = bytes(self._held[:HEAD_BYTES])
        del self._held[:HEAD_BYTES]
        salt = self._head[len(MAGIC) : -_CHECK_BYTES]
        cipher, check = _derived(self._secret, salt)
        if not hmac.compare_digest(check, self._head[-_CHECK_BYTES:]):
            raise SnapshotSealed(
                "the snapshot was encrypted with another key, or its first bytes are damaged",
                hint="set BACKUP_ENCRYPTION_KEY to the value it had when the snapshot was made",
            )
        self._cipher = cipher

    def _open(self, piece: bytes, *, last: bool) -> bytes:
        if self._cipher is None:
            raise SnapshotDamaged("it has no beginning")
        try:
            plain = self._cipher.decrypt(_nonce(self._number, last=last), piece, self._head)
        except (InvalidTag, ValueError):
            reason = "it was cut, or its last piece was changed" if last else "an encrypted piece was changed"
            raise SnapshotDamaged(reason) from None
        self._number += 1
        return plain
