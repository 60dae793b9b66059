"""What one library packs the other unpacks, whatever the blocks."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator

import pytest
from isal import isal_zlib

from cdc.snapshot import deflate
from cdc.snapshot.errors import SnapshotDamaged
from cdc.snapshot.frame import LAST_BLOCK

ENGINES = [zlib, isal_zlib]
DATA = b"".join(b'["%d",\t"cue %d"],\n' % (n, n % 7) for n in range(60_000)) + secrets.token_bytes(700_000)


def packed(size: int) -> Iterator[bytes]:
    before = b""
    for start in range(0, len(DATA), size):
        block = DATA[start : start + size]
        yield deflate.deflated(block, before)
        before = block
    yield LAST_BLOCK


@pytest.mark.parametrize("size", [10_000, 100_000, deflate.BLOCK_BYTES])
@pytest.mark.parametrize("packs", ENGINES)
@pytest.mark.parametrize("unpacks", ENGINES)
def test_blocks_make_one_stream(
    monkeypatch: pytest.MonkeyPatch, packs: object, unpacks: object, size: int
) -> None:
    monkeypatch.setattr(deflate, "_engine", packs)
    stream = b"".join(packed(size))
    assert zlib.decompress(stream, -15) == DATA
    assert len(stream) < len(DATA) * 0.7
    monkeypatch.setattr(deflate, "_engine", unpacks)
    inflater = deflate.Inflater()
    pieces = [
        piece
        for start in range(0, len(stream), 50_000)
        for piece in inflater.feed(stream[start : start + 50_000])
    ]
    assert b"".join(pieces) == DATA
    assert max(map(len, pieces)) <= deflate.PIECE_BYTES
    assert inflater.ended
    assert inflater.rest == b""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_follows_the_end_is_kept_and_nonsense_refused(
    monkeypatch: pytest.MonkeyPatch, engine: object
) -> None:
    monkeypatch.setattr(deflate, "_engine", engine)
    inflater = deflate.Inflater()
    whole = deflate.deflated(b"x", b"") + LAST_BLOCK
    assert b"".join(inflater.feed(whole + b"ab")) == b"x"
    assert list(inflater.feed(b"cd")) == []
    assert inflater.rest == b"abcd"
    with pytest.raises(SnapshotDamaged, match="cannot be unpacked"):
        list(deflate.Inflater().feed(b"\xff" * 100))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bomb_comes_in_small_pieces(monkeypatch: pytest.MonkeyPatch, engine: object) -> None:
    monkeypatch.setattr(deflate, "_engine", engine)
    bomb = zlib.compress(bytes(50_000_000), 9, -15)
    assert max(map(len, deflate.Inflater().feed(bomb))) <= deflate.PIECE_BYTES
