from __future__ import annotations

import pytest

from cdc.snapshot.errors import SnapshotDamaged, SnapshotSealed
from cdc.snapshot.sealing import HEAD_BYTES, PIECE_BYTES, Opener, Sealer

SECRET = b"correct horse battery staple"
PIECE = PIECE_BYTES + 16


def sealed(data: bytes, secret: bytes = SECRET) -> bytes:
    sealer = Sealer(secret)
    return sealer.feed(data) + sealer.finish()


def opened(data: bytes, secret: bytes = SECRET, step: int = 100_000) -> bytes:
    opener = Opener(secret)
    parts = [opener.feed(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join(parts) + opener.finish()


@pytest.mark.parametrize(
    "size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 700_000]
)
def test_what_is_sealed_opens_again(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    assert opened(sealed(data[:size])) == data[:size]


def test_nothing_can_be_read_from_outside_and_no_two_files_are_alike() -> None:
    data = b"Cue, Chalk, Rest " * 1000
    one, other = sealed(data), sealed(data)
    assert b"Chalk" not in one
    assert one[HEAD_BYTES:] != other[HEAD_BYTES:]


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(SnapshotSealed, match="another key") as refused:
        opened(sealed(b"x"), b"another secret altogether")
    assert "BACKUP_ENCRYPTION_KEY" in refused.value.hint


def test_pieces_cannot_be_cut_off_moved_repeated_changed_or_added() -> None:
    whole = sealed(bytes(3 * PIECE_BYTES + 100))
    head, pieces = whole[:HEAD_BYTES], [whole[HEAD_BYTES + i * PIECE :][:PIECE] for i in range(4)]
    flipped = pieces[1][:50] + bytes((pieces[1][50] ^ 1,)) + pieces[1][51:]
    for wrong in (
        pieces[:3],
        pieces[:1],
        [],
        [pieces[1], pieces[0], *pieces[2:]],
        [pieces[0], *pieces],
        [pieces[0], flipped, *pieces[2:]],
        [*pieces, b"more"],
        [*pieces, pieces[3]],
    ):
        with pytest.raises(SnapshotDamaged):
            opened(head + b"".join(wrong))
    with pytest.raises(SnapshotDamaged):
        opened(whole[: HEAD_BYTES - 1])
