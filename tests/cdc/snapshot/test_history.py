from __future__ import annotations

import pytest

from cdc.errors import ConfigurationError
from cdc.model import Side
from cdc.snapshot import history
from cdc.snapshot.history import Ending, Kind, Status
from tests.databases import Pair
from tests.hosts import Connection
from triggers.install import install


@pytest.fixture
async def main(pair: Pair) -> Connection:
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    return pair.main


async def begun(main: Connection, kind: Kind = Kind.FULL) -> int:
    return (await history.begin(main, kind, actor="ann", runner="one")).id


async def test_pages_filters_and_cursors(main: Connection) -> None:
    numbers = [await begun(main, kind) for kind in (Kind.FULL, Kind.EXPORT) * 3]
    await history.finish(main, numbers[0], "one", Ending(Status.FAILED, error="no"), duration_ms=3)
    seen, cursor = [], None
    while True:
        entries, cursor = await history.page(main, limit=4, cursor=cursor)
        seen += [entry.id for entry in entries]
        if cursor is None:
            break
    assert seen == numbers[::-1]
    full, cursor = await history.page(main, limit=3, kind=Kind.FULL)
    assert ([entry.type for entry in full], cursor) == ([Kind.FULL] * 3, None)
    failed, _ = await history.page(main, status=Status.FAILED)
    assert [(entry.id, entry.error, entry.duration_ms) for entry in failed] == [(numbers[0], "no", 3)]
    assert await history.page(main, cursor="1") == ([], None)
    for cursor in ("x", "-1", "٣", "9" * 30, ""):
        with pytest.raises(ConfigurationError):
            await history.page(main, cursor=cursor)


async def test_an_end_said_twice_is_the_same_and_no_other_process_can_say_it(main: Connection) -> None:
    number = await begun(main)
    ending = Ending(Status.COMPLETED, 5, 50, "backups/a", "ff", detail={"tables": {"t": 5}})
    assert await history.finish(main, number, "two", ending, duration_ms=9) is None
    first = await history.finish(main, number, "one", ending, duration_ms=9)
    again = await history.finish(main, number, "one", ending, duration_ms=9)
    assert first is not None
    assert again is not None
    assert (first.status, first.record_count, first.detail) == (Status.COMPLETED, 5, {"tables": {"t": 5}})
    assert again.status is Status.COMPLETED


async def test_progress_and_the_wish_to_end_it_only_while_it_runs(main: Connection) -> None:
    number = await begun(main)
    noted = await history.note_progress(main, number, {"rowsDone": 4})
    assert noted is not None
    assert noted.progress == {"rowsDone": 4}
    assert await history.asked(main, number) == (Status.RUNNING, None)
    assert await history.ask_to_end(main, number, "bob")
    assert await history.asked(main, number) == (Status.RUNNING, "bob")
    await history.finish(main, number, "one", Ending(Status.INTERRUPTED), duration_ms=1)
    assert await history.note_progress(main, number, {}) is None
    assert not await history.ask_to_end(main, number, "bob")
    assert await history.asked(main, 99) == (None, None)


async def test_what_was_left_running_is_interrupted_but_for_a_first_copy(main: Connection) -> None:
    left, copy = await begun(main), await begun(main, Kind.INITIAL_COPY)
    ended = await begun(main)
    await history.finish(main, ended, "one", Ending(Status.COMPLETED), duration_ms=1)
    assert [entry.id for entry in await history.interrupt_left_running(main)] == [left]
    entry = await history.get(main, copy)
    assert entry is not None
    assert entry.status is Status.RUNNING
    assert await history.interrupt_left_running(main) == []


async def test_an_error_of_any_length_with_any_character_is_kept(main: Connection) -> None:
    number = await begun(main)
    ending = Ending(Status.FAILED, error="a\0b" + "x" * 100_000)
    entry = await history.finish(main, number, "one", ending, duration_ms=1)
    assert entry is not None
    assert str(entry.error).startswith("abxxx")
    assert len(str(entry.error)) <= history.LONGEST_ERROR
