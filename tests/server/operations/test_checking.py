from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cdc.model import Side
from cdc.snapshot.errors import SnapshotNotFound
from cdc.snapshot.history import Entry, Status
from server.databases import Databases
from tests.databases import Pair
from tests.server.operations.conftest import TABLE, Make, Some, settings
from tests.synced import Synced, endpoints, synced

SECRETLY = "BEGIN; SET LOCAL cdc.applying = 'on'; {}; COMMIT"


@pytest.fixture
async def both(pair: Pair) -> AsyncIterator[Synced]:
    async with synced(pair, f"{TABLE}; INSERT INTO product VALUES (1, 'chalk'), (2, 'cue')") as found:
        yield found


@pytest.fixture
async def operations(both: Synced, tmp_path: Path) -> AsyncIterator[Some]:
    databases = Databases(*endpoints(both.pair))
    async with Some(databases, settings(BACKUP_DIR=str(tmp_path / "backups"))) as found:
        yield found


async def compared(operations: Some, repair: Side | None = None) -> Entry:
    return await operations.wait(await operations.start_verify("ann", repair=repair))


async def test_equal_sides(operations: Some) -> None:
    entry = await compared(operations)
    assert (entry.status, entry.record_count, entry.error) == (Status.COMPLETED, 2, None)
    assert entry.detail["equal"] is True


async def test_a_difference_that_nobody_knows_of_fails_and_can_be_repaired(
    both: Synced, operations: Some
) -> None:
    await both.backup.execute(SECRETLY.format("UPDATE product SET name = 'other' WHERE id = 1"))
    await both.main.execute(SECRETLY.format("DELETE FROM product WHERE id = 2"))
    entry = await compared(operations)
    assert entry.status is Status.FAILED
    assert entry.error == "product: 1 rows differ, 1 are missing on MAIN"
    assert entry.detail["equal"] is False
    mended = await compared(operations, Side.BACKUP)
    assert mended.status is Status.COMPLETED
    assert mended.detail["tables"]["product"]["repaired"] == 2
    assert (await compared(operations)).detail["equal"] is True
    await both.assert_equal("product")


async def test_a_difference_that_is_an_open_conflict_is_no_failure(both: Synced, operations: Some) -> None:
    for side in Side:
        await both.connection(side).execute("UPDATE product SET name = $1 WHERE id = 1", side)
    await both.settle()
    entry = await compared(operations)
    assert (entry.status, entry.detail["equal"]) == (Status.COMPLETED, False)
    assert entry.detail["tables"]["product"]["conflicts"] == 1


async def test_a_table_that_is_not_synced(operations: Some) -> None:
    entry = await operations.wait(await operations.start_verify("ann", tables=["nothing"]))
    assert (entry.status, "nothing" in str(entry.error)) == (Status.FAILED, True)


async def test_without_a_verified_backup_there_is_nothing_to_try(make: Make) -> None:
    operations = make()
    entry = await operations.wait(await operations.start_restore_test("ann"))
    assert entry.status is Status.FAILED
    assert isinstance(operations.failure(entry.id), SnapshotNotFound)
