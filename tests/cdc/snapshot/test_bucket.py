"""A bucket of an S3 server that runs in a process of its own: the same guarantees as a folder's."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from urllib.request import Request, urlopen

import obstore
import pytest

from cdc.errors import ConfigurationError
from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot import bucket_source, s3
from cdc.snapshot.bucket import BucketStore
from cdc.snapshot.errors import SnapshotDamaged, SnapshotNotFound, StoreUnreachable, StoreUnwritable
from cdc.snapshot.storage import Source
from cdc.snapshot.store import open_store, resolve_name
from cdc.snapshot.verify import verify_file
from cdc.snapshot.writer import write_snapshot
from tests import shop
from tests.databases import Pair
from tests.snapshots import NAME

SERVER = """
import sys
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
_DAY = timedelta(days=1)
PLACE = "s3://snapshots/main/daily"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3 server's URL; it ends with its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def ask(method: str, url: str) -> None:
    with urlopen(Request(url, method=method)):  # noqa: S310 - our own server
        pass


@pytest.fixture
async def store(server: str, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    """An empty bucket and the environment that leads to it."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    for method, path in (("POST", "/moto-api/reset"), ("PUT", "/snapshots")):
        await asyncio.to_thread(ask, method, server + path)
    found = open_store(PLACE)
    assert isinstance(found, BucketStore)
    return found


async def whole(source: Source) -> bytes:
    return b"".join([chunk async for chunk in source.chunks()])


async def put(store: BucketStore, data: bytes = b"data", name: str = NAME) -> str:
    pending = await store.begin(name)
    for start in range(0, len(data), 1_000_000):
        await pending.write(data[start : start + 1_000_000])
    given, read_back = await pending.commit(whole)
    assert read_back == data
    return given


async def keys(store: BucketStore) -> list[str]:
    """Everything in the bucket, whatever it is called."""
    return sorted(
        [one["path"] for many in [chunk async for chunk in obstore.list(store._store)] for one in many]
    )


async def test_a_snapshot_is_written_read_back_and_found(pair: Pair, store: BucketStore) -> None:
    await shop.create(pair.main, 50)
    written = await write_snapshot(Endpoint(Side.MAIN, pair.main_url), store, kind="FULL")
    assert written.filepath == f"{PLACE}/{written.name}"
    assert await keys(store) == [written.name]
    files = await store.files()
    assert [(file.name, file.size_bytes) for file in files] == [(written.name, written.size_bytes)]
    assert (await verify_file(store, await resolve_name(store, written.filepath))).sha256 == written.sha256
    assert await store.free_bytes() is None


async def test_large_files_go_in_parts(store: BucketStore) -> None:
    await put(store, secrets.token_bytes(19_000_000))
    assert await keys(store) == [NAME]


async def test_no_file_is_ever_overwritten(store: BucketStore) -> None:
    names = [await put(store, bytes((65 + n,))) for n in range(3)]
    assert names == [NAME, NAME.replace("09.json", "09-2.json"), NAME.replace("09.json", "09-3.json")]
    for name, data in zip(names, (b"A", b"B", b"C"), strict=True):
        async with store.open(name) as source:
            assert await whole(source) == data
    at_once = await asyncio.gather(*(put(store, b"D") for _ in range(4)))
    assert len({*names, *at_once}) == 7
    assert await keys(store) == sorted([*names, *at_once])


@pytest.mark.parametrize("size", [10, 9_000_000])
async def test_nothing_has_a_name_before_it_was_checked(store: BucketStore, size: int) -> None:
    pending = await store.begin(NAME)
    await pending.write(bytes(size))

    async def wrong(source: Source) -> None:
        assert len(await whole(source)) == size
        assert await store.files() == []
        raise SnapshotDamaged("stands for any refusal")

    with pytest.raises(SnapshotDamaged):
        await pending.commit(wrong)
    await pending.abort()
    await pending.abort()
    assert await keys(store) == []
    with pytest.raises(StoreUnwritable):
        await pending.write(b"more")


@pytest.mark.parametrize("size", [0, 10, 9_000_000])
async def test_given_up_it_leaves_nothing(store: BucketStore, size: int) -> None:
    pending = await store.begin(NAME)
    await pending.write(bytes(size))
    await pending.abort()
    assert await keys(store) == []


async def test_a_file_that_is_replaced_while_it_is_read(
    store: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_source, "PIECE_BYTES", 3)
    await put(store, b"abcdef")
    async with store.open(NAME) as source:
        chunks = source.chunks()
        assert await anext(chunks) == b"abc"
        await obstore.put_async(store._store, NAME, b"uvwxyz")
        with pytest.raises(SnapshotDamaged, match="replaced"):
            await anext(chunks)
    async with store.open(NAME) as source:
        await store.remove(NAME)
        with pytest.raises(SnapshotDamaged, match="removed"):
            await whole(source)


async def test_names_outside_and_missing_cannot_be_told_apart(store: BucketStore) -> None:
    await put(store)
    await obstore.put_async(store._store, f"deeper/{NAME}", b"x")
    for called in (NAME, f"{PLACE}/{NAME}"):
        assert await resolve_name(store, called) == NAME
    for called in (
        f"deeper/{NAME}",
        f"../daily/{NAME}",
        f"s3://snapshots/main/{NAME}",
        f"s3://other/main/daily/{NAME}",
        f"/{NAME}",
        "backup-2020-01-01T00-00-00.json.gz",
        "",
        "..",
        "/etc/passwd",
        ".hidden",
    ):
        with pytest.raises(SnapshotNotFound, match="there is no snapshot"):
            await resolve_name(store, called)
    for name in ("backup-2020-01-01T00-00-00.json.gz", f"deeper/{NAME}"):
        with pytest.raises(SnapshotNotFound):
            await store.remove(name)
    assert [file.name for file in await store.files()] == [NAME]


async def test_abandoned_uploads_are_swept_once_they_are_old(
    store: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = f".{NAME}.0123456789ab.tmp"
    for name in (left, NAME, "notes.tmp"):
        await obstore.put_async(store._store, name, b"x")
    assert await store.sweep() == []
    monkeypatch.setattr("cdc.snapshot.bucket._ABANDONED", -_DAY)
    assert await store.sweep() == [left]
    assert await keys(store) == sorted([NAME, "notes.tmp"])


async def test_a_bucket_that_is_not_there(store: BucketStore) -> None:
    other = open_store("s3://elsewhere")
    with pytest.raises(StoreUnwritable, match="s3://elsewhere is not there"):
        await other.files()
    pending = await other.begin(NAME)
    await pending.write(b"x")
    with pytest.raises(StoreUnwritable, match="s3://elsewhere is not there"):
        await pending.commit(whole)
    await pending.abort()
    assert await keys(store) == []


@pytest.mark.usefixtures("store")
async def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr("cdc.snapshot.bucket._RETRIES", 0)
    with pytest.raises(StoreUnreachable, match=PLACE) as told:
        await open_store(PLACE).files()
    assert "AWS_ENDPOINT_URL" in told.value.hint
    assert "hunter2" not in str(told.value)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_LIBRARY", "obstore_is_not_here")
    with pytest.raises(ConfigurationError, match=r"s3://snapshots") as told:
        open_store(PLACE)
    assert "pip install" in told.value.hint
