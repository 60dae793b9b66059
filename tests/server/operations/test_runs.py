from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cdc.errors import InstallRefused, SchemaMismatch
from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot.history import Ending, Entry, Kind, Status
from server.databases import Databases
from server.operations.errors import OperationBusy, OperationNotFound, OperationsDisabled
from server.operations.run import Run
from server.operations.workshop import session
from tests.databases import OwnServers, Pair
from tests.running import until
from tests.server.operations.conftest import Make, Some, settings
from triggers.install import install

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'cdc operation' AND datname = current_database()"
)

HOLDER = "SELECT pid FROM pg_locks WHERE classid = 6513763 AND objid = 5 AND granted"


async def done(_: Run) -> Ending:
    return Ending(Status.COMPLETED, 7, 70, "backups/a", "ab", detail={"more": 1})


async def endless(run: Run) -> Ending:
    run.progress({"rowsDone": 1})
    await asyncio.Event().wait()
    raise AssertionError


def raising(error: BaseException) -> Callable[[Run], Awaitable[Ending]]:
    async def work(_: Run) -> Ending:
        raise error

    return work


async def test_an_operation_leaves_an_entry_that_says_everything(make: Make) -> None:
    operations = make()
    told: list[Entry] = []
    operations.subscribe(told.append)
    number = await operations.start(done)
    entry = await operations.wait(number)
    assert (entry.type, entry.status, entry.actor) == (Kind.FULL, Status.COMPLETED, "ann")
    assert (entry.record_count, entry.size_bytes, entry.filepath, entry.sha256) == (7, 70, "backups/a", "ab")
    assert entry.detail == {"why": "test", "more": 1}
    assert entry.duration_ms is not None
    assert entry.finished_at is not None
    assert entry.finished_at >= entry.started_at
    assert await operations.entry(number) == entry
    assert [each.status for each in told] == [Status.RUNNING, Status.COMPLETED]
    again = await operations.start(done)
    assert again > number


async def test_a_failed_one_says_why_and_what_to_do(make: Make) -> None:
    operations = make()
    error = SchemaMismatch("it does not fit", hint="make it fit")
    entry = await operations.wait(await operations.start(raising(error)))
    assert (entry.status, entry.error) == (Status.FAILED, "it does not fit")
    assert entry.detail["fault"] == "SchemaMismatch"
    assert entry.detail["hint"] == "make it fit"
    assert operations.failure(entry.id) is error
    entry = await operations.wait(await operations.start(raising(ValueError("at pg://u:hunter2@h/\0d"))))
    assert entry.status is Status.FAILED
    assert "hunter2" not in str(entry.error)


async def test_one_at_a_time_over_all_processes(make: Make) -> None:
    one, other = make(), make()
    number = await one.start(endless)
    for each in (one, other):
        with pytest.raises(OperationBusy, match=f"operation {number} ") as raised:
            await each.start(done)
        assert raised.value.running == number
    waiting = asyncio.create_task(other.wait(number))
    assert await one.cancel(number, "bob")
    entry = await waiting
    assert (entry.status, entry.error) == (Status.INTERRUPTED, "cancelled by bob")
    assert entry.detail["cancelled"] is True
    assert not await one.cancel(number)
    assert (await other.wait(await other.start(done))).status is Status.COMPLETED


async def test_many_at_once_one_wins(make: Make) -> None:
    starts = await asyncio.gather(*(make().start(endless) for _ in range(5)), return_exceptions=True)
    assert len([each for each in starts if isinstance(each, int)]) == 1
    assert len([each for each in starts if isinstance(each, OperationBusy)]) == 4


async def test_another_process_may_end_it_and_sees_how_far_it_is(make: Make) -> None:
    one, other = make(), make()
    number = await one.start(endless)

    async def noted() -> bool:
        return (await other.entry(number)).progress == {"rowsDone": 1}

    await until(noted)
    assert await other.cancel(number, "bob")
    entry = await one.wait(number)
    assert (entry.status, entry.error, entry.progress) == (Status.INTERRUPTED, "cancelled by bob", None)


async def test_ending_the_process_interrupts_it(make: Make) -> None:
    one, other = make(), make()
    number = await one.start(endless)
    await one.close()
    assert (await other.entry(number)).status is Status.INTERRUPTED


async def test_what_a_killed_process_left_is_interrupted_by_who_waits_or_begins(
    make: Make, pair: Pair
) -> None:
    left = "INSERT INTO cdc.backup_history (type, status) VALUES ('FULL', 'RUNNING') RETURNING id"
    operations = make()
    number = await pair.main.fetchval(left)
    entry = await operations.wait(number)
    assert entry.status is Status.INTERRUPTED
    assert "the process that ran it" in str(entry.error)
    number = await pair.main.fetchval(left)
    await operations.wait(await operations.start(done))
    assert (await operations.entry(number)).status is Status.INTERRUPTED


async def test_a_first_copy_is_not_taken_for_a_dead_operation(make: Make, pair: Pair) -> None:
    await pair.main.execute(
        "INSERT INTO cdc.backup_history (type, status) VALUES ('INITIAL_COPY', 'RUNNING')"
    )
    operations = make()
    assert await operations.recover() == []
    assert (await operations.wait(await operations.start(done))).status is Status.COMPLETED


async def test_a_lost_connection_does_not_lose_the_end(make: Make, pair: Pair) -> None:
    operations = make()
    go = asyncio.Event()

    async def work(_: Run) -> Ending:
        await go.wait()
        return Ending(Status.COMPLETED, 1)

    number = await operations.start(work)
    assert await pair.main.fetchval(f"SELECT count(*) FROM ({CUT}) cut") == 1
    go.set()
    entry = await operations.wait(number)
    assert (entry.status, entry.record_count) == (Status.COMPLETED, 1)
    assert await operations.entry(number) == entry


async def test_the_end_is_written_once_main_is_back(own_servers: OwnServers, tmp_path: Path) -> None:
    main = Endpoint(Side.MAIN, own_servers.url(Side.MAIN))
    backup = Endpoint(Side.BACKUP, own_servers.url(Side.BACKUP))
    async with session(main, "test") as connection:
        await install(connection, side=Side.MAIN, schemas=["public"])
    go = asyncio.Event()

    async def work(_: Run) -> Ending:
        await go.wait()
        return Ending(Status.COMPLETED, 1)

    async with Some(Databases(main, backup), settings(BACKUP_DIR=str(tmp_path))) as operations:
        number = await operations.start(work)
        await own_servers.main.kill()
        go.set()
        waiting = asyncio.create_task(operations.wait(number))
        await own_servers.main.start()
        entry = await waiting
        assert (entry.status, entry.record_count) == (Status.COMPLETED, 1)
        assert await operations.entry(number) == entry


async def test_the_lock_is_taken_again_after_its_connection_was_lost(make: Make, pair: Pair) -> None:
    operations = make()
    number = await operations.start(endless)
    before = await pair.main.fetchval(HOLDER)
    await pair.main.execute(CUT)

    async def held() -> bool:
        return await pair.main.fetchval(HOLDER) not in (None, before)

    await until(held)
    with pytest.raises(OperationBusy):
        await make().start(done)
    await operations.cancel(number)
    assert (await operations.wait(number)).status is Status.INTERRUPTED


async def test_whoever_began_while_main_was_away_is_in_the_right(make: Make, pair: Pair) -> None:
    one, other = make(), make()
    number = await one.start(endless)
    await pair.main.execute(CUT)
    later = await other.start(endless)
    entry = await one.wait(number)
    assert entry.status is Status.INTERRUPTED
    assert (await other.entry(later)).status is Status.RUNNING


async def test_switched_off_nothing_begins(make: Make) -> None:
    operations = make(ENABLE_BACKUP_SERVICE=False)
    with pytest.raises(OperationsDisabled, match="ENABLE_BACKUP_SERVICE"):
        await operations.start(done)
    assert await operations.page() == ([], None)


async def test_what_does_not_exist(make: Make, pair: Pair) -> None:
    operations = make()
    for question in (operations.entry, operations.wait, operations.cancel):
        with pytest.raises(OperationNotFound):
            await question(99)
    await pair.main.execute("DROP SCHEMA cdc CASCADE")
    with pytest.raises(InstallRefused):
        await make().start(done)


async def test_a_listener_that_fails_harms_nobody(make: Make) -> None:
    operations = make()

    def broken(_: Entry) -> None:
        raise RuntimeError

    end = operations.subscribe(broken)
    assert (await operations.wait(await operations.start(done))).status is Status.COMPLETED
    end()
