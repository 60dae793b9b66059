from __future__ import annotations

import pytest

from cdc.model import Side
from cdc.snapshot import facts, history
from cdc.snapshot.history import Ending, Kind, Status
from tests.databases import Pair
from tests.hosts import Connection
from triggers.install import install

FILES = """
INSERT INTO cdc.snapshot
    (location, name, filepath, type, side, created_at, size_bytes, verified_at, fault, missing_at)
VALUES ('/b', 'a', '/b/a', 'FULL', 'MAIN', '2026-01-01', 10, now(), NULL, NULL),
       ('/b', 'b', '/b/b', 'FULL', 'MAIN', '2026-01-02', 20, NULL, NULL, NULL),
       ('/b', 'c', '/b/c', 'FULL', 'MAIN', '2026-01-03', 30, NULL, 'cut', NULL),
       ('/b', 'd', '/b/d', 'FULL', 'MAIN', '2026-01-04', 40, now(), NULL, now()),
       ('/b', 'e', '/b/e', 'EXPORT', 'MAIN', '2026-01-05', 50, now(), NULL, NULL),
       ('/b', 'f', '/b/f', 'FULL', 'BACKUP', '2026-01-06', 60, now(), NULL, NULL)
"""


@pytest.fixture
async def main(pair: Pair) -> Connection:
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    return pair.main


async def entry(main: Connection, kind: Kind, status: Status, what: str = "") -> int:
    number = (await history.begin(main, kind, actor="ann", runner="r")).id
    if status is not Status.RUNNING:
        await history.finish(main, number, "r", Ending(status, detail={"kind": what}), duration_ms=1)
    return number


async def test_nothing_yet(main: Connection) -> None:
    found = await facts.read(main)
    assert found is not None
    assert (found.last, found.good, found.trial, found.running, found.verified) == (None,) * 5
    assert (found.files, found.bytes) == (0, 0)


async def test_the_entries_that_count(main: Connection) -> None:
    await entry(main, Kind.FULL, Status.COMPLETED)
    good = await entry(main, Kind.FULL, Status.UNCHANGED)
    last = await entry(main, Kind.FULL, Status.FAILED)
    trial = await entry(main, Kind.VERIFY, Status.FAILED, "RESTORE_TEST")
    await entry(main, Kind.VERIFY, Status.COMPLETED, "SIDES")
    await entry(main, Kind.EXPORT, Status.COMPLETED)
    running = await entry(main, Kind.FULL, Status.RUNNING)
    found = await facts.read(main)
    assert found is not None
    shown = [each and each.id for each in (found.last, found.good, found.trial, found.running)]
    assert shown == [last, good, trial, running]
    assert found.last is not None
    assert found.now >= found.last.started_at


async def test_the_newest_verified_file_is_a_backup_of_main_that_is_there_and_whole(main: Connection) -> None:
    await main.execute(FILES)
    found = await facts.read(main)
    assert found is not None
    assert found.verified is not None
    assert found.verified.filepath == "/b/a"
    assert (found.files, found.bytes, found.damaged, found.missing) == (5, 170, 1, 1)


async def test_an_older_schema_has_nothing_to_tell(main: Connection) -> None:
    await main.execute("DROP TABLE cdc.snapshot")
    assert await facts.read(main) is None
