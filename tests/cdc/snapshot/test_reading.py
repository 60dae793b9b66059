"""Files are read as they were written; whatever was done to one of them since is found, in every byte."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdc.snapshot import parsing
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.errors import SnapshotDamaged, SnapshotForeign, SnapshotSealed
from cdc.snapshot.frame import SEAL_BYTES
from cdc.snapshot.reading import read_snapshot
from cdc.snapshot.verify import verify_file
from tests import snapshots
from tests.snapshots import NAME, SOME, content, document, pack, verify

SECRET = b"correct horse battery staple"
REFUSED = (SnapshotDamaged, SnapshotForeign)
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.mark.parametrize("key", [None, SECRET])
async def test_a_file_gives_back_what_was_written(tmp_path: Path, key: bytes | None) -> None:
    path = await pack(tmp_path, document(), key=key)
    found = await verify(path, key)
    assert await content(path, key) == {name: [list(row) for row in rows] for name, rows in SOME.items()}
    assert found.footer.rows == 42
    assert [table.entity for table in found.header.tables] == list(SOME)
    assert found.size_bytes == path.stat().st_size


async def test_any_program_reads_it_as_one_json_document(tmp_path: Path) -> None:
    found = snapshots.loaded(await pack(tmp_path, document()))
    assert (found["format"], found["version"]) == ("cdc-snapshot", 1)
    assert found["tables"]["Table"] == [["1", "Riley"], ["2", None]]
    assert found["footer"]["rows"] == 42


async def test_rows_come_whole_however_large_a_file_is(tmp_path: Path) -> None:
    rows = [[str(n), "x" * (n % 5000)] for n in range(3000)]
    path = await pack(tmp_path, document({"big": rows, "small": [["1"]]}))
    assert await content(path) == {"big": rows, "small": [["1"]]}


@pytest.mark.parametrize("key", [None, SECRET])
async def test_one_changed_bit_in_any_byte_is_found(tmp_path: Path, key: bytes | None) -> None:
    data = (await pack(tmp_path / "whole", document(), key=key)).read_bytes()
    changed = tmp_path / NAME
    # Encrypted, every look at the first bytes costs a tenth of a second of key making.
    for at in range(0, len(data), 1 if key is None else 97):
        for bit in (1 << at % 8, 0xFF):
            changed.write_bytes(data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :])
            with pytest.raises(REFUSED):
                await verify(changed, key)


async def test_a_file_that_ends_too_soon_is_found_wherever_it_ends(tmp_path: Path) -> None:
    data = (await pack(tmp_path / "whole", document())).read_bytes()
    cut = tmp_path / NAME
    for size in range(len(data)):
        cut.write_bytes(data[:size])
        with pytest.raises(REFUSED):
            await verify(cut)


@SAME_FOLDER
@given(st.data())
async def test_any_change_is_found(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "whole" / NAME
    if not path.exists():
        await pack(path.parent, document({"t": [[str(n), "x" * n] for n in range(200)]}))
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    instead = data.draw(st.binary(max_size=8))
    wrong = whole[:start] + instead + whole[end:]
    changed = tmp_path / NAME
    changed.write_bytes(wrong)
    if wrong != whole:
        with pytest.raises(REFUSED):
            await verify(changed)


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        (gzip.compress(b"", mtime=0), "its end is missing, or something was added|was added"),
        (gzip.compress(b'{"more":1}', mtime=0), "was added"),
        (b"\x00", "was added"),
        (bytes(1000), "was added"),
    ],
)
async def test_what_is_added_behind_the_end_is_found(tmp_path: Path, added: bytes, reason: str) -> None:
    path = await pack(tmp_path, document())
    path.write_bytes(path.read_bytes() + added)
    with pytest.raises(SnapshotDamaged, match=reason):
        await verify(path)


async def test_two_files_behind_each_other_are_no_file(tmp_path: Path) -> None:
    path = await pack(tmp_path, document())
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(SnapshotDamaged):
        await verify(path)


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"", SnapshotDamaged, "ends within its first bytes"),
        (b"PGDMP" + bytes(500), SnapshotForeign, "not a snapshot of this product"),
        (gzip.compress(b'{"backup":[]}', mtime=0), SnapshotForeign, "not a snapshot of this product"),
        (gzip.compress(document()), SnapshotDamaged, "packed it again"),
        (document(), SnapshotForeign, "not a snapshot of this product"),
    ],
)
async def test_files_from_elsewhere(tmp_path: Path, data: bytes, kind: type[Exception], reason: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(data)
    with pytest.raises(kind, match=reason):
        await verify(path)


async def test_a_document_that_is_not_ours_in_our_own_gzip(tmp_path: Path) -> None:
    with pytest.raises(SnapshotForeign, match="not a snapshot of this product"):
        await verify(await pack(tmp_path, b'{"format":"other"}\n' * 100))


async def test_a_newer_format_is_named(tmp_path: Path) -> None:
    newer = document().replace(b'"version":1', b'"version":2', 1)
    with pytest.raises(SnapshotForeign, match="version 2; this program knows version 1"):
        await verify(await pack(tmp_path, newer))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'["2",\tnull]', b'["3",\tnull]', "checksum of Table"),
        (b'["1",\t"Riley"],\n', b"", "has 1 rows, its footer says 2"),
        (b'["1",\t"Riley"],\n', b'["1",\t"Riley"]\n', "comma|not a row"),
        (b'["2",\tnull]\n', b'["2",\tnull],\n', "last row of Table is missing"),
        (b'["2",\tnull]', b'["2"]', "does not have 2 values"),
        (b'"Nothing":[\n', b'"Something":[\n', "where .*Nothing.* belongs"),
        (b'"rows":42', b'"rows":43', "counts other rows"),
        (b'"footer":', b'"feet":', "footer cannot be read"),
        (b'"kind":"FULL"', b'"kind":"SOME"', "header cannot be read"),
    ],
)
async def test_a_document_that_does_not_fit_itself(
    tmp_path: Path, old: bytes, new: bytes, reason: str
) -> None:
    text = document()
    assert text.count(old) == 1
    with pytest.raises(SnapshotDamaged, match=reason):
        await verify(await pack(tmp_path, text.replace(old, new)))


async def test_a_footer_cut_off_and_one_too_many(tmp_path: Path) -> None:
    text = document()
    with pytest.raises(SnapshotDamaged, match="ends before its footer"):
        await verify(await pack(tmp_path, text[: text.index(b'"footer"')]))
    with pytest.raises(SnapshotDamaged, match="something follows its footer"):
        await verify(await pack(tmp_path, text + b"{}\n"))


async def test_a_bomb_is_refused_before_it_fills_anything(tmp_path: Path) -> None:
    bomb = tmp_path / NAME
    bomb.write_bytes(gzip.compress(bytes(200_000_000)))
    with pytest.raises(SnapshotForeign):
        await verify(bomb)
    with pytest.raises(SnapshotForeign):
        await verify(await pack(tmp_path, bytes(200_000_000)))


@pytest.mark.parametrize("limit", ["LINE_LIMIT", "HEADER_LIMIT"])
async def test_a_line_without_an_end_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(parsing, limit, 3_000_000)
    text = document()
    start = text.index(b"[") if limit == "HEADER_LIMIT" else text.index(b'["0"')
    path = await pack(tmp_path, text[: start + 3] + b"x" * 50_000_000)
    with pytest.raises(SnapshotDamaged, match="no end"):
        await verify(path)


async def test_encrypted_files_need_their_key(tmp_path: Path) -> None:
    path = await pack(tmp_path, document(), key=SECRET)
    with pytest.raises(SnapshotSealed, match="is encrypted"):
        await verify(path)
    with pytest.raises(SnapshotSealed, match="another key"):
        await verify(path, b"another secret altogether")
    plain = await pack(tmp_path, document())
    assert (await verify(plain, SECRET)).footer.rows == 42


async def test_what_is_verified_is_what_is_read(tmp_path: Path) -> None:
    store, path = DiskStore(tmp_path), await pack(tmp_path, document())
    verified = await verify_file(store, path.name)
    async with store.open(path.name) as source:
        path.unlink()
        await pack(tmp_path, document({"other": [["1"]]}))
        async with read_snapshot(source) as reader:
            assert reader.header == verified.header
            assert sum([rows.count async for rows in reader.rows()]) == 42
            assert reader.sha256 == verified.sha256


async def test_the_checksum_covers_bits_that_mean_nothing_to_gzip(tmp_path: Path) -> None:
    path = await pack(tmp_path, document())
    data = path.read_bytes()
    end = len(data) - SEAL_BYTES - 8 - 1
    # The last block's byte has unused bits: any unpacker takes this for the same document.
    wrong = data[:end] + bytes((data[end] | 0x80,)) + data[end + 1 :]
    assert zlib.decompressobj(31).decompress(wrong) == document()
    path.write_bytes(wrong)
    with pytest.raises(SnapshotDamaged, match="bytes were changed"):
        await verify(path)
