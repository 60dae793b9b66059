"""What can happen while a snapshot is written: the process dies, the disk fills up, the server goes away."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from cdc.errors import ConnectivityError
from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.errors import StoreFull, StoreUnwritable
from cdc.snapshot.progress import Progress
from cdc.snapshot.writer import Written, write_snapshot
from tests import shop
from tests.databases import Pair
from tests.snapshots import listed, stored, verify

pytestmark = pytest.mark.untouched

KILLS = int(os.environ.get("CDC_EXAMPLES", "0")) or 25
MIB = 1024 * 1024
SESSIONS = (
    "FROM pg_stat_activity WHERE application_name = 'cdc snapshot' AND datname = current_database()"
    " AND pid <> pg_backend_pid()"
)

# A process for each snapshot, forked from one that has everything loaded. The alarm's default is sudden death.
CHILDREN = """
import asyncio, os, resource, signal, sys
from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot.store import open_store
from cdc.snapshot.writer import write_snapshot

url, folder, *lives = sys.argv[1:]
for life in lives:
    child = os.fork()
    if not child:
        signal.setitimer(signal.ITIMER_REAL, float(life))
        asyncio.run(write_snapshot(Endpoint(Side.MAIN, url), open_store(folder), kind="FULL"))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else "written")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


async def children(pair: Pair, folder: Path, lives: list[float]) -> tuple[list[str], int]:
    """How each of some processes ended that write a snapshot, and the most memory that one had, in MiB."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        CHILDREN,
        pair.main_url,
        str(folder),
        *map(str, lives),
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    *ends, memory = out.decode().split()
    return ends, int(memory) // 1024


async def write(pair: Pair, store: DiskStore, **more: object) -> Written:
    return await write_snapshot(Endpoint(Side.MAIN, pair.main_url), store, kind="FULL", **more)  # type: ignore[arg-type]


async def fill(pair: Pair, rows: int) -> None:
    """Rows of a hundred bytes that do not compress."""
    await pair.main.execute(
        "CREATE TABLE noise (v text); INSERT INTO noise SELECT md5(random()::text) || md5(random()::text) ||"
        f" md5(random()::text) FROM generate_series(1, {rows})"
    )


async def test_killed_at_any_instant_only_whole_files_have_names(pair: Pair, tmp_path: Path) -> None:
    await shop.create(pair.main, 300)
    first = await write(pair, DiskStore(tmp_path))
    before = stored(first)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    ends, _ = await children(pair, tmp_path, [chance.uniform(0.001, 0.7) for _ in range(KILLS)])
    assert {"killed"} <= set(ends), seed
    left = [name for name in listed(tmp_path) if name.startswith(".")]
    store = DiskStore(tmp_path)
    files = await store.files()
    assert len(files) >= 1 + ends.count("written")
    for file in files:
        assert (await verify(tmp_path / file.name)).footer.rows == first.record_count, (file, seed)
    assert await store.sweep() == left
    assert listed(tmp_path) == [file.name for file in files]
    assert stored(first) == before


async def test_memory_does_not_grow_with_the_rows(pair: Pair, tmp_path: Path) -> None:
    await fill(pair, 600_000)
    ends, memory = await children(pair, tmp_path, [60])
    assert ends == ["written"]
    # The rows have 58 MB, and a process that writes none has some 60.
    assert memory < 110


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 7 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=7m", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


async def test_a_disk_that_fills_up(pair: Pair, small_disk: Path) -> None:
    store = DiskStore(small_disk)
    await pair.main.execute("CREATE TABLE t (a int)")
    old = await write(pair, store)
    before = stored(old)
    await fill(pair, 150_000)
    with pytest.raises(StoreFull, match="No space left") as told:
        await write(pair, store)
    assert str(small_disk) in str(told.value)
    assert listed(small_disk) == [old.name]
    assert stored(old) == before
    # Next time there is so little room that the work is not begun.
    (small_disk / "other").write_bytes(bytes(5 * MIB))
    with pytest.raises(StoreFull, match="bytes left"):
        await write(pair, store)
    (small_disk / "other").unlink()
    await pair.main.execute("TRUNCATE noise")
    assert (await write(pair, store)).record_count == 0


async def test_a_disk_that_may_not_be_written_to(pair: Pair, small_disk: Path) -> None:
    store = DiskStore(small_disk)
    old = await write(pair, store)
    before = stored(old)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)  # noqa: ASYNC221 - nothing else runs
    with pytest.raises(StoreUnwritable, match="Read-only file system") as told:
        await write(pair, store)
    assert "BACKUP_DIR" in told.value.hint
    assert listed(small_disk) == [old.name]
    assert stored(old) == before


class Once:
    """Acts when the first rows have been read; reading waits for it."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act
        self.acted = False

    def __call__(self, progress: Progress) -> None:
        if progress.rows_done and not self.acted:
            self.acted = True
            self.act()


def end_sessions(url: str) -> None:
    """End the sessions that write snapshots, from a thread of its own."""

    async def end() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(f"SELECT pg_terminate_backend(pid) {SESSIONS}")
        await connection.close()

    thread = threading.Thread(target=lambda: asyncio.run(end()))
    thread.start()
    thread.join()


async def test_a_server_that_ends_our_sessions(pair: Pair, tmp_path: Path) -> None:
    await fill(pair, 100_000)
    once = Once(lambda: end_sessions(pair.main_url))
    with pytest.raises(ConnectivityError, match="MAIN went away"):
        await write(pair, DiskStore(tmp_path), progress=once)
    assert once.acted
    assert listed(tmp_path) == []


async def test_cancelled_it_leaves_no_file_and_no_session(pair: Pair, tmp_path: Path) -> None:
    await fill(pair, 100_000)
    writing = asyncio.ensure_future(
        write(pair, DiskStore(tmp_path), progress=Once(lambda: writing.cancel()))  # noqa: PLW0108 - made before it
    )
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert listed(tmp_path) == []
    async with asyncio.timeout(150):
        while await pair.main.fetchval(f"SELECT count(*) {SESSIONS}"):  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.01)


async def test_several_at_once_do_not_get_into_each_others_way(pair: Pair, tmp_path: Path) -> None:
    await shop.create(pair.main, 50)
    store = DiskStore(tmp_path)
    written = await asyncio.gather(*(write(pair, store) for _ in range(3)))
    assert len({one.name for one in written}) == 3
    for one in written:
        assert (await verify(Path(one.filepath))).sha256 == one.sha256
