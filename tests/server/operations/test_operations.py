from __future__ import annotations

import os
from pathlib import Path

import pytest

from cdc.model import Side
from cdc.snapshot.errors import SnapshotDamaged, SnapshotNotFound, StoreError
from cdc.snapshot.history import Entry, Kind, Status
from server.operations.errors import OperationBusy, OperationsDisabled, SnapshotPinned
from server.operations.request import RestoreRequest
from tests.databases import Pair
from tests.server.operations.conftest import Make
from tests.server.operations.test_runs import endless

GONE = "backup-2026-01-01T00-00-00.json.gz"


def name_of(entry: Entry) -> str:
    assert entry.filepath is not None
    return Path(entry.filepath).name


def files(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "backups"))  # noqa: PTH208 - hidden ones too


async def test_a_backup_says_what_its_file_is_and_the_next_one_that_nothing_has_changed(
    make: Make, pair: Pair, tmp_path: Path
) -> None:
    operations = make()
    first = await operations.backup()
    assert (first.status, first.record_count, first.error) == (Status.COMPLETED, 1, None), first.detail
    assert (tmp_path / "backups" / name_of(first)).stat().st_size == first.size_bytes
    assert first.detail["tables"] == {"product": 1}
    (info,) = await operations.snapshots()
    assert (info.filepath, info.sha256, info.history_id) == (first.filepath, first.sha256, first.id)
    assert info.usable
    again = await operations.backup()
    assert (again.status, again.filepath, again.record_count) == (Status.UNCHANGED, None, 1)
    assert again.detail["sameAs"] == first.filepath
    await pair.main.execute("INSERT INTO product VALUES (2, 'cue')")
    third = await operations.backup()
    assert (third.status, third.record_count) == (Status.COMPLETED, 2)
    assert len(files(tmp_path)) == 2


async def test_told_not_to_skip_it_writes_one_all_the_same(make: Make, tmp_path: Path) -> None:
    operations = make(BACKUP_SKIP_UNCHANGED=False)
    assert [(await operations.backup()).status for _ in range(2)] == [Status.COMPLETED] * 2
    assert len(files(tmp_path)) == 2


async def test_a_backup_that_is_gone_damaged_or_unknown_is_no_reason_not_to_make_one(
    make: Make, pair: Pair, tmp_path: Path
) -> None:
    operations = make()
    first = await operations.backup()
    await pair.main.execute("UPDATE cdc.snapshot SET name = $1", GONE)
    second = await operations.backup()
    assert second.status is Status.COMPLETED
    (tmp_path / "backups" / name_of(second)).write_bytes(b"x")
    assert (await operations.backup()).status is Status.COMPLETED
    known = {info.name: info for info in await operations.snapshots()}
    assert known[GONE].missing_at is not None
    assert known[name_of(first)].verified_at is None
    assert "bytes" in str(known[name_of(second)].fault)
    await pair.main.execute("UPDATE cdc.snapshot SET verified_at = NULL")
    assert (await operations.backup()).status is Status.COMPLETED
    assert (await make(BACKUP_DIR=str(tmp_path / "elsewhere")).backup()).status is Status.COMPLETED


async def test_a_failed_backup_leaves_nothing_that_looks_like_one(make: Make, tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file where the folder should be")
    operations = make()
    entry = await operations.backup()
    assert (entry.status, entry.filepath, entry.sha256) == (Status.FAILED, None, None)
    assert entry.error
    assert isinstance(operations.failure(entry.id), StoreError)
    (tmp_path / "backups").unlink()
    assert await operations.snapshots() == []
    assert (await operations.backup()).status is Status.COMPLETED


async def test_exports_and_their_history(make: Make) -> None:
    operations = make()
    await operations.backup()
    plain = await operations.wait(await operations.start_export("ann"))
    assert (plain.type, plain.status, plain.record_count) == (Kind.EXPORT, Status.COMPLETED, 1)
    more = await operations.wait(await operations.start_export("ann", include_history=True))
    assert more.record_count is not None
    assert more.record_count > 1
    assert {info.type for info in await operations.snapshots()} == {"FULL", "EXPORT"}


async def test_files_that_appear_and_are_checked(make: Make, tmp_path: Path) -> None:
    operations = make()
    entry = await operations.backup()
    copy = tmp_path / "backups" / "backup-2020-01-02T03-04-05.json.gz"
    copy.write_bytes(copy.with_name(name_of(entry)).read_bytes())
    broken = copy.with_name("backup-2020-01-02T03-04-06.json.gz")
    broken.write_bytes(copy.read_bytes()[:-5])
    (tmp_path / "backups" / "notes.txt").write_text("not ours")
    known = {info.name: info for info in await operations.snapshots()}
    assert len(known) == 3
    assert (known[copy.name].created_at.year, known[copy.name].verified_at) == (2020, None)
    checked = await operations.wait(await operations.start_verify_file("ann", copy.name))
    assert (checked.type, checked.status, checked.record_count) == (Kind.VERIFY, Status.COMPLETED, 1)
    failed = await operations.wait(await operations.start_verify_file("ann", str(broken)))
    assert failed.status is Status.FAILED
    assert failed.detail["fault"] == "SnapshotDamaged"
    known = {info.name: info for info in await operations.snapshots()}
    assert known[copy.name].usable
    assert known[broken.name].fault is not None
    with pytest.raises(SnapshotDamaged):
        await operations.start_restore("ann", RestoreRequest(broken.name, Side.MAIN))
    for name in ("../backups", "backup-2020-01-01T00-00-00.json.gz", "/etc/passwd"):
        with pytest.raises(SnapshotNotFound):
            await operations.start_verify_file("ann", name)


async def test_pins_and_removing(make: Make, pair: Pair, tmp_path: Path) -> None:
    operations = make()
    first = await operations.backup()
    await pair.main.execute("UPDATE product SET name = 'x'")
    await operations.backup()
    name = name_of(first)
    assert (await operations.pin(name, on=True, by="ann")).pinned_by == "ann"
    with pytest.raises(SnapshotPinned, match="ann"):
        await operations.remove(name)
    await operations.pin(name, on=False)
    with operations.reading(name), pytest.raises(SnapshotPinned):
        await operations.remove(name)
    number = await operations.start(endless)
    with pytest.raises(OperationBusy):
        await operations.remove(name)
    await operations.cancel(number)
    await operations.wait(number)
    await operations.remove(name)
    assert len(files(tmp_path)) == 1
    assert first.id not in {entry.id for entry in (await operations.page())[0]}
    with pytest.raises(SnapshotNotFound):
        await operations.remove(name)


async def test_retention_removes_files_and_their_entries_and_lets_nothing_stop_it(
    make: Make, pair: Pair, tmp_path: Path
) -> None:
    operations = make(BACKUP_SKIP_UNCHANGED=False)
    entries = [await operations.backup() for _ in range(6)]
    names = [name_of(entry) for entry in entries]
    old = "UPDATE cdc.snapshot SET created_at = created_at - interval '90 days' WHERE name = ANY ($1)"
    await pair.main.execute(old, names[:5])
    await operations.pin(names[0], on=True)
    (tmp_path / "backups" / names[1]).unlink()
    plan = await operations.prune(dry_run=True)
    assert plan.removed == [names[2]]
    assert "older than 30 days" in plan.decision.remove[names[2]]
    assert len(files(tmp_path)) == 5
    done = await operations.prune()
    assert done.removed == [names[2]]
    assert files(tmp_path) == sorted([names[0], *names[3:]])
    left = {entry.id for entry in (await operations.page())[0]}
    assert entries[2].id not in left
    assert {entries[0].id, *(entry.id for entry in entries[3:])} <= left
    assert (await operations.prune()).removed == []


async def test_a_backup_tidies_up(make: Make, tmp_path: Path) -> None:
    operations = make(BACKUP_SKIP_UNCHANGED=False, BACKUP_MAX_BYTES=1)
    for _ in range(5):
        entry = await operations.backup()
    assert len(files(tmp_path)) == 3
    assert entry.detail["retention"]["removed"] == 1
    assert entry.detail["retention"]["overBytes"] > 0


async def test_switched_off_nothing_is_written(make: Make, pair: Pair, tmp_path: Path) -> None:
    await make().backup()
    operations = make(ENABLE_BACKUP_SERVICE=False)
    (name,) = files(tmp_path)
    before = await pair.main.fetch("SELECT * FROM cdc.snapshot")
    for refused in (
        operations.start_backup("ann"),
        operations.start_restore("ann", RestoreRequest(name, Side.MAIN)),
        operations.remove(name),
        operations.pin(name, on=True),
        operations.prune(),
    ):
        with pytest.raises(OperationsDisabled):
            await refused
    assert [info.name for info in await operations.snapshots()] == [name]
    assert await pair.main.fetch("SELECT * FROM cdc.snapshot") == before


async def test_cancelling_a_backup_leaves_no_file(make: Make, pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("INSERT INTO product SELECT n, repeat('x', 500) FROM generate_series(2, 50000) n")
    operations = make()
    number = await operations.start_backup("ann")
    assert await operations.cancel(number, "bob")
    entry = await operations.wait(number)
    assert (entry.status, entry.filepath) == (Status.INTERRUPTED, None)
    assert not (tmp_path / "backups").exists() or files(tmp_path) == []
    assert (await operations.backup()).status is Status.COMPLETED
