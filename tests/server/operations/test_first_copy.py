from __future__ import annotations

import asyncio

import pytest

from cdc.contact_plan import Action
from cdc.copy_tasks import Progress
from cdc.errors import SchemaMismatch
from cdc.first_contact import Outcome
from cdc.snapshot import history
from cdc.snapshot.history import Entry, Kind, Status
from server.operations import first_copy
from tests.databases import Pair
from tests.running import until
from tests.server.operations.conftest import Make
from tests.synced import endpoints

DONE = Outcome(Action.COPY, "BACKUP has no tables", 7)


async def entries(pair: Pair) -> list[Entry]:
    return (await history.page(pair.main, kind=Kind.INITIAL_COPY))[0]


@pytest.mark.usefixtures("make")
async def test_a_copy_has_an_entry_with_progress_and_its_end(pair: Pair) -> None:
    go = asyncio.Event()

    async def copy(moved: Progress) -> Outcome:
        moved("product", 3, 9)
        moved("sale", 1, 2)
        await go.wait()
        return DONE

    task = asyncio.create_task(first_copy.noted(endpoints(pair)[0], "ann", copy))

    async def moving() -> bool:
        return any(entry.progress for entry in await entries(pair))

    await until(moving)
    (entry,) = await entries(pair)
    assert entry.progress == {"phase": "COPYING", "entity": "sale", "rowsDone": 4, "rowsTotal": 11}
    go.set()
    assert await task is DONE
    (entry,) = await entries(pair)
    assert (entry.status, entry.record_count, entry.actor) == (Status.COMPLETED, 7, "ann")


@pytest.mark.usefixtures("make")
async def test_where_nothing_is_copied_nothing_is_said(pair: Pair) -> None:
    async def copy(_: Progress) -> Outcome:
        return DONE

    await first_copy.noted(endpoints(pair)[0], "ann", copy)
    assert await entries(pair) == []


@pytest.mark.usefixtures("make")
async def test_failures_and_ends_of_the_process(pair: Pair) -> None:
    async def failing(moved: Progress) -> Outcome:
        moved("product", 1, 2)
        raise SchemaMismatch("it does not fit", hint="make it fit")

    async def endless(moved: Progress) -> Outcome:
        moved("product", 1, 2)
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(SchemaMismatch):
        await first_copy.noted(endpoints(pair)[0], "ann", failing)
    task = asyncio.create_task(first_copy.noted(endpoints(pair)[0], "ann", endless))

    async def begun() -> bool:
        return len(await entries(pair)) == 2

    await until(begun)
    task.cancel()
    await asyncio.wait({task})
    interrupted, failed = await entries(pair)
    assert (failed.status, failed.error, failed.detail["hint"]) == (
        Status.FAILED,
        "it does not fit",
        "make it fit",
    )
    assert interrupted.status is Status.INTERRUPTED


async def test_a_killed_one_is_marked_and_a_missing_schema_stops_nothing(make: Make, pair: Pair) -> None:
    async def copy(moved: Progress) -> Outcome:
        moved("product", 1, 2)
        return DONE

    await pair.main.execute(
        "INSERT INTO cdc.backup_history (type, status) VALUES ('INITIAL_COPY', 'RUNNING')"
    )
    await first_copy.noted(endpoints(pair)[0], "ann", copy)
    assert [entry.status for entry in await entries(pair)] == [Status.COMPLETED, Status.INTERRUPTED]
    await make().close()
    await pair.main.execute("DROP SCHEMA cdc CASCADE")
    assert await first_copy.noted(endpoints(pair)[0], "ann", copy) is DONE
