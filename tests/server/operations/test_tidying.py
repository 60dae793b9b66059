from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cdc.snapshot import history
from cdc.snapshot.errors import StoreUnwritable
from cdc.snapshot.history import Ending, Kind, Status
from tests.databases import Pair
from tests.server.operations.conftest import Make

OLD = "UPDATE cdc.backup_history SET started_at = started_at - make_interval(days => $1) WHERE id = ANY ($2)"


async def test_entries_go_with_age_but_what_people_did_to_their_data_stays(make: Make, pair: Pair) -> None:
    operations = make()
    kept, gone = [], []
    for kind, status, detail, stays in (
        (Kind.RESTORE, Status.COMPLETED, {"dryRun": False}, True),
        (Kind.RESTORE, Status.COMPLETED, {"dryRun": True}, False),
        (Kind.INITIAL_COPY, Status.COMPLETED, {}, True),
        (Kind.FULL, Status.FAILED, {}, False),
        (Kind.VERIFY, Status.COMPLETED, {}, False),
        (Kind.FULL, Status.UNCHANGED, {}, True),  # the last good one
        (Kind.EXPORT, Status.INTERRUPTED, {}, False),
    ):
        number = (await history.begin(pair.main, kind, actor="ann", runner="r")).id
        await history.finish(pair.main, number, "r", Ending(status, detail=detail), duration_ms=1)
        (kept if stays else gone).append(number)
    await pair.main.execute(OLD, 40, kept + gone)
    fresh = (await history.begin(pair.main, Kind.FULL, actor="ann", runner="r")).id
    await history.finish(pair.main, fresh, "r", Ending(Status.FAILED), duration_ms=1)
    done = await operations.prune()
    assert done.entries == len(gone)
    left = {entry.id for entry in (await operations.page())[0]}
    assert left == {*kept, fresh}


async def test_that_nothing_had_changed_is_worth_a_day(make: Make, pair: Pair) -> None:
    operations = make()
    written = await operations.backup()
    numbers = [(await operations.backup()).id for _ in range(3)]
    await pair.main.execute(OLD, 2, [written.id, *numbers])
    await operations.prune()
    left = [entry.id for entry in (await operations.page())[0]]
    assert left == [numbers[-1], written.id]


async def test_a_store_that_cannot_be_read_is_no_reason_to_forget_anything(
    make: Make, tmp_path: Path
) -> None:
    operations = make()
    await operations.backup()
    folder = tmp_path / "backups"
    folder.rename(tmp_path / "away")
    folder.write_text("a file")
    with pytest.raises(StoreUnwritable):
        await operations.snapshots()
    folder.unlink()
    (tmp_path / "away").rename(folder)
    (info,) = await operations.snapshots()
    assert (info.missing_at, info.usable) == (None, True)


async def test_a_file_that_comes_back_is_what_it_was(make: Make, tmp_path: Path) -> None:
    operations = make()
    await operations.backup()
    (path,) = (tmp_path / "backups").iterdir()
    path.rename(tmp_path / path.name)
    (gone,) = await operations.snapshots()
    assert gone.missing_at is not None
    (tmp_path / path.name).rename(path)
    (back,) = await operations.snapshots()
    assert (back.missing_at, back.verified_at, back.sha256) == (None, gone.verified_at, gone.sha256)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_file_with_a_name_that_is_none_of_ours_is_listed_and_never_removed(
    make: Make, tmp_path: Path
) -> None:
    operations = make(BACKUP_MAX_BYTES=1)
    await operations.backup()
    brought = tmp_path / "backups" / "brought.json.gz"
    brought.write_bytes(b"from elsewhere")
    done = await operations.prune()
    assert "not ours" in done.decision.keep["brought.json.gz"]
    assert brought.exists()
