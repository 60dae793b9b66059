"""A folder of snapshots: nothing is overwritten, nothing half written has a name, nothing outside is reached."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cdc.snapshot.disk import DiskStore
from cdc.snapshot.errors import SnapshotNotFound, StoreError, StoreFull, StoreUnwritable
from cdc.snapshot.storage import Source
from cdc.snapshot.store import open_store, resolve_name
from tests.snapshots import NAME, listed


async def whole(source: Source) -> bytes:
    return b"".join([chunk async for chunk in source.chunks()])


async def put(store: DiskStore, data: bytes = b"data", name: str = NAME) -> str:
    pending = await store.begin(name)
    await pending.write(data)
    given, read_back = await pending.commit(whole)
    assert read_back == data
    return given


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_files_and_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "some" / "backups")
    name = await put(store)
    assert mode(store.folder / name) == 0o600
    assert mode(store.folder) == 0o700
    assert [file.name for file in await store.files()] == [NAME]


async def test_a_folder_that_holds_other_things_keeps_its_rights(tmp_path: Path) -> None:
    for inside, rights in ((".gitkeep", 0o700), ("photo.jpg", 0o755)):
        folder = tmp_path / inside / "backups"
        folder.mkdir(parents=True, mode=0o755)
        (folder / inside).touch()
        await put(DiskStore(folder))
        assert mode(folder) == rights


async def test_no_file_is_ever_overwritten(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    names = [await put(store, bytes((65 + n,))) for n in range(3)]
    assert names == [NAME, NAME.replace("09.json", "09-2.json"), NAME.replace("09.json", "09-3.json")]
    assert [(tmp_path / name).read_bytes() for name in names] == [b"A", b"B", b"C"]
    at_once = await asyncio.gather(*(put(store, b"D") for _ in range(8)))
    assert len({*names, *at_once}) == 11


async def test_nothing_has_a_name_before_it_was_checked(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    pending = await store.begin(NAME)
    await pending.write(b"half")

    async def wrong(source: Source) -> None:
        assert await whole(source) == b"half"
        assert await store.files() == []
        raise SnapshotNotFound("stands for any refusal")

    with pytest.raises(SnapshotNotFound):
        await pending.commit(wrong)
    await pending.abort()
    await pending.abort()
    assert listed(tmp_path) == []
    with pytest.raises(StoreUnwritable):
        await pending.write(b"more")


async def test_without_hard_links_files_are_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refused)
    store = DiskStore(tmp_path)
    assert await put(store) == NAME
    assert await put(store) != NAME
    assert len(listed(tmp_path)) == 2


@pytest.mark.parametrize("call", ["link", "fsync"])
async def test_what_the_system_refuses_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store = DiskStore(tmp_path)
    old = await put(store, b"old")

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, call, refused)
    pending = await store.begin("backup-2027-01-01T00-00-00.json.gz")
    await pending.write(b"new")
    with pytest.raises(StoreUnwritable, match=r"Input/output error") as told:
        await pending.commit(whole)
    await pending.abort()
    assert str(tmp_path) in str(told.value)
    assert listed(tmp_path) == [old]
    assert (tmp_path / old).read_bytes() == b"old"


async def test_a_flush_of_the_folder_that_fails_takes_the_name_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def flush(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", flush)
    pending = await DiskStore(tmp_path).begin(NAME)
    with pytest.raises(StoreUnwritable):
        await pending.commit(whole)
    await pending.abort()
    assert listed(tmp_path) == []


async def test_file_then_name_then_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def noted(word: str, call: Callable[..., None]) -> Callable[..., None]:
        def act(*arguments: object, **named: object) -> None:
            done.append(word)
            call(*arguments, **named)

        return act

    for word in ("fsync", "link", "unlink"):
        monkeypatch.setattr(os, word, noted(word, getattr(os, word)))
    await put(DiskStore(tmp_path))
    assert done == ["fsync", "link", "unlink", "fsync"]


async def test_a_full_disk_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    pending = await DiskStore(tmp_path).begin(NAME)
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StoreFull, match="No space left") as told:
        await pending.write(b"x")
    await pending.abort()
    assert "BACKUP_RETENTION_DAYS" in told.value.hint
    assert listed(tmp_path) == []


async def test_a_place_that_cannot_be_a_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnwritable, match="file"):
        await DiskStore(tmp_path / "file").begin(NAME)
    assert await DiskStore(tmp_path / "nothing").files() == []
    assert await DiskStore(tmp_path / "nothing").sweep() == []
    assert await DiskStore(tmp_path / "nothing").free_bytes() is None


async def test_what_killed_writers_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    kept = await put(store)
    left = f".{NAME}.0123456789ab.tmp"
    for name in (left, ".env", "notes.tmp", f".{NAME}.tmp"):
        (tmp_path / name).write_text("x")
    pending = await store.begin("backup-2027-01-01T00-00-00.json.gz")
    assert await store.sweep() == [left]
    await pending.write(b"goes on")
    name, _ = await pending.commit(whole)
    assert listed(tmp_path) == sorted([kept, name, ".env", "notes.tmp", f".{NAME}.tmp"])


async def test_removing(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    name = await put(store)
    async with store.open(name) as source:
        await store.remove(name)
        assert await whole(source) == b"data"
    for wrong in (name, "../x", "a/b", ""):
        with pytest.raises(SnapshotNotFound):
            await store.remove(wrong)


async def test_a_file_is_found_by_all_of_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(str(tmp_path / "backups"))
    assert isinstance(store, DiskStore)
    name = await put(store)
    monkeypatch.chdir(tmp_path)
    for called in (store.filepath(name), name, f"backups/{name}", f"./backups/{name}", f"./{name}"):
        assert await resolve_name(store, called) == name
    (tmp_path / "link").symlink_to(store.folder)
    assert await resolve_name(store, f"link/{name}") == name


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file beside the folder, with ways into it that look innocent."""
    (tmp_path / "secret.json.gz").write_text("x")
    folder = tmp_path / "backups"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / NAME).write_text("x")
    (folder / "link.json.gz").symlink_to(tmp_path / "secret.json.gz")
    os.mkfifo(folder / "pipe.json.gz")
    return tmp_path


@pytest.mark.parametrize(
    "called",
    [
        "../secret.json.gz",
        "backups/../secret.json.gz",
        "{root}/secret.json.gz",
        "{root}/backups/../secret.json.gz",
        "link.json.gz",
        "{root}/backups/link.json.gz",
        "pipe.json.gz",
        "inner",
        f"inner/{NAME}",
        NAME,
        "",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "a\x00b",
        "x" * 5000,
        "..%2fsecret.json.gz",
        "~/secret.json.gz",
        "s3://bucket/x",
    ],
)
async def test_missing_and_outside_cannot_be_told_apart(outside: Path, called: str) -> None:
    store = DiskStore(outside / "backups")
    with pytest.raises(SnapshotNotFound, match="there is no snapshot"):
        await resolve_name(store, called.format(root=outside))
    assert not [file for file in await store.files() if file.name != NAME]


async def test_a_folder_that_goes_away_meanwhile(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "backups")
    pending = await store.begin(NAME)
    store.folder.rename(tmp_path / "moved")
    await pending.write(b"x")
    name, _ = await pending.commit(whole)
    assert listed(tmp_path / "moved") == [name]
    (tmp_path / "moved").rename(store.folder)
    pending = await store.begin(NAME)
    for file in store.folder.iterdir():
        file.unlink()
    store.folder.rmdir()
    with pytest.raises(StoreError):
        await pending.commit(whole)
    await pending.abort()
