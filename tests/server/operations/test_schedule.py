from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from structlog.testing import capture_logs

from cdc.snapshot.history import Ending, Entry, Kind, Status
from server.operations.run import Run
from server.operations.schedule import ACTOR, Schedule
from tests.databases import Pair
from tests.running import until
from tests.server.operations.conftest import Make, Some, settings
from tests.server.operations.test_runs import endless


@asynccontextmanager
async def scheduled(operations: Some, **values: Any) -> AsyncIterator[Schedule]:
    schedule = Schedule(operations, settings(RESTORE_TEST_INTERVAL_HOURS=0, **values), lambda: None)
    task = asyncio.create_task(schedule.run())
    try:
        yield schedule
    finally:
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


def entries(operations: Some, wanted: Callable[[list[Entry]], bool]) -> Callable[[], Any]:
    async def found() -> bool:
        return wanted((await operations.page(kind=Kind.FULL))[0])

    return found


def ended(count: int) -> Callable[[list[Entry]], bool]:
    return lambda found: len([each for each in found if each.status is not Status.RUNNING]) >= count


async def test_the_first_comes_at_once_and_the_next_after_the_interval(make: Make) -> None:
    operations = make()
    async with scheduled(operations, BACKUP_INTERVAL_SECONDS=1) as schedule:
        await until(entries(operations, ended(3)))
        assert schedule.next is not None
        assert schedule.next <= datetime.now(UTC) + timedelta(seconds=1)
    found = (await operations.page())[0][::-1]
    assert [each.status for each in found[:3]] == [Status.COMPLETED, Status.UNCHANGED, Status.UNCHANGED]
    assert {each.actor for each in found} == {ACTOR}
    assert found[1].started_at - found[0].started_at >= timedelta(seconds=0.9)


async def test_a_restart_neither_repeats_nor_forgets(make: Make, pair: Pair) -> None:
    operations = make()
    first = await operations.backup()
    async with scheduled(operations, BACKUP_INTERVAL_SECONDS=3600) as schedule:

        async def known() -> bool:
            return schedule.next == first.started_at + timedelta(hours=1)

        await until(known)
    await pair.main.execute("UPDATE cdc.backup_history SET started_at = started_at - interval '5 hours'")
    async with scheduled(operations, BACKUP_INTERVAL_SECONDS=3600):
        await until(entries(operations, ended(2)))


async def test_what_a_killed_process_left_is_marked_at_the_start(make: Make, pair: Pair) -> None:
    number = await pair.main.fetchval(
        "INSERT INTO cdc.backup_history (type, status) VALUES ('FULL', 'RUNNING') RETURNING id"
    )
    operations = make()
    async with scheduled(operations, BACKUP_INTERVAL_SECONDS=3600):
        await until(entries(operations, ended(2)))
    assert (await operations.entry(number)).status is Status.INTERRUPTED


async def test_late_ones_are_one(make: Make) -> None:
    other, operations = make(), make()
    number = await other.start(endless, Kind.EXPORT)
    async with scheduled(operations, BACKUP_INTERVAL_SECONDS=1) as schedule:

        async def waits() -> bool:
            return schedule.next is not None and schedule.next < datetime.now(UTC) - timedelta(seconds=2)

        await until(waits)
        assert await operations.page(kind=Kind.FULL) == ([], None)
        await other.cancel(number)
        await until(entries(operations, ended(2)))
    found = (await operations.page(kind=Kind.FULL))[0][::-1]
    assert found[1].started_at - found[0].started_at >= timedelta(seconds=0.9)


async def test_failures_are_recorded_and_do_not_end_it(make: Make, tmp_path: Any) -> None:
    folder = tmp_path / "backups"
    folder.write_text("in the way")
    operations = make()
    async with scheduled(operations, BACKUP_INTERVAL_SECONDS=1):
        await until(entries(operations, ended(1)))
        folder.unlink()
        await until(entries(operations, lambda found: found[0].status is Status.COMPLETED))
    found = (await operations.page())[0]
    assert found[-1].status is Status.FAILED


async def test_it_goes_on_after_main_was_away(make: Make, pair: Pair) -> None:
    operations = make()
    async with scheduled(operations, BACKUP_INTERVAL_SECONDS=1):
        await until(entries(operations, ended(1)))
        await pair.main.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'cdc %' AND datname = current_database()"
        )
        before = len((await operations.page())[0])
        await until(entries(operations, ended(before + 1)))


async def test_one_that_takes_more_than_half_its_interval_is_told(make: Make) -> None:
    operations = make()

    async def slow(_: Run) -> Ending:
        await asyncio.sleep(0.6)
        return Ending(Status.COMPLETED)

    operations.instead = slow
    with capture_logs() as log:
        async with scheduled(operations, BACKUP_INTERVAL_SECONDS=1):
            await until(entries(operations, ended(2)))
    (told, *_) = [line for line in log if "more than half" in line["event"]]
    assert told["interval"] == 1
    assert "BACKUP_INTERVAL_SECONDS" in told["hint"]
