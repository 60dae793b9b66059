"""A trial restore tells a good snapshot from a bad one, and a bad one from a server that cannot hold it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot import creation, heading
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.errors import SnapshotNotFound
from cdc.snapshot.format import SchemaSql
from cdc.snapshot.restore_test import TrialOutcome, restore_test
from cdc.snapshot.writer import write_snapshot
from tests import shop
from tests.databases import Pair


@asynccontextmanager
async def scratch(pair: Pair) -> AsyncIterator[Endpoint]:
    yield Endpoint(Side.BACKUP, pair.backup_url)


async def written(pair: Pair, folder: Path) -> tuple[DiskStore, str]:
    store = DiskStore(folder)
    done = await write_snapshot(Endpoint(Side.MAIN, pair.main_url), store, kind="FULL")
    return store, done.name


async def tried(pair: Pair, file: tuple[DiskStore, str]) -> TrialOutcome:
    return await restore_test(*file, scratch(pair))


async def test_a_good_snapshot_comes_back_whole(pair: Pair, tmp_path: Path) -> None:
    await shop.create(pair.main, 30)
    await pair.main.execute(
        """CREATE TABLE parted (id int, v text, twice int GENERATED ALWAYS AS (id * 2) STORED) PARTITION BY LIST (id);
        CREATE TABLE odd PARTITION OF parted FOR VALUES IN (1, 3); CREATE TABLE even PARTITION OF parted DEFAULT;
        INSERT INTO parted SELECT i, repeat('x', 3000 * (i % 3)) FROM generate_series(1, 30) i;
        CREATE TABLE wide (id int, v text);
        INSERT INTO wide SELECT i, repeat('y', (i * 7919) % 7000) FROM generate_series(1, 300) i;
        CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 3);
        CREATE SCHEMA empty"""
    )
    outcome = await tried(pair, await written(pair, tmp_path))
    assert outcome.status == "COMPLETED", outcome.reason
    assert outcome.tables["Order"] == 30
    assert outcome.tables["parted"] == 30
    assert outcome.tables["nothing"] == 3


async def test_a_row_that_comes_back_otherwise_is_a_failure(pair: Pair, tmp_path: Path) -> None:
    """As if the two servers did not print a value alike."""
    await pair.main.execute(
        "CREATE TABLE a (id int PRIMARY KEY, at date); INSERT INTO a VALUES (1, '2024-02-03')"
    )
    file = await written(pair, tmp_path)
    await pair.backup.execute(f"ALTER DATABASE \"{pair.name}\" SET datestyle = 'SQL, DMY'")
    original = creation.statement

    def other(name: str, package: str) -> str:
        text = original(name, package)
        return f"SET LOCAL datestyle = 'SQL, DMY'; {text}" if name == "load_settings" else text

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(creation, "statement", other)
        outcome = await tried(pair, file)
    assert outcome.status == "FAILED"
    assert "a on BACKUP came out with 1 rows, or others" in outcome.reason
    assert await pair.backup.fetchval("SELECT to_regclass('a')") is None


async def test_a_damaged_file_is_a_failure(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1)")
    store, name = await written(pair, tmp_path)
    path = tmp_path / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    assert (await tried(pair, (store, name))).status == "FAILED"
    with pytest.raises(SnapshotNotFound):
        await tried(pair, (store, "backup-2000-01-01T00-00-00.json.gz"))


@pytest.mark.parametrize(
    ("schema_sql", "status"),
    [
        (SchemaSql("CREATE EXTENSION nowhere;", "", (("nowhere", "public"),)), "NOT_TESTABLE"),
        (
            SchemaSql("CREATE TABLE public.a (v public.nowhere);", "", (("nowhere", "public"),)),
            "NOT_TESTABLE",
        ),
        (SchemaSql('CREATE TABLE public.a (v text COLLATE "xx-none");', ""), "NOT_TESTABLE"),
        (SchemaSql("CREATE TABLE public.a (v int DEFAULT lost.number());", ""), "FAILED"),
        (SchemaSql("CREATE TABLE public.a (v int DEFAULT 'x');", ""), "FAILED"),
    ],
)
async def test_what_the_server_lacks_is_no_failure(
    pair: Pair,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    schema_sql: SchemaSql,
    status: str,
) -> None:
    async def schema(*_: object) -> tuple[SchemaSql, tuple[str, ...]]:
        return schema_sql, ()

    monkeypatch.setattr(heading, "_schema", schema)
    await pair.main.execute("CREATE TABLE a (id int PRIMARY KEY)")
    outcome = await tried(pair, await written(pair, tmp_path))
    assert outcome.status == status, outcome
    assert outcome.reason


async def test_a_snapshot_without_definitions_cannot_be_tried(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def schema(*_: object) -> tuple[None, tuple[str, ...]]:
        return None, ("there is no pg_dump",)

    monkeypatch.setattr(heading, "_schema", schema)
    await pair.main.execute("CREATE TABLE a (id int PRIMARY KEY)")
    outcome = await tried(pair, await written(pair, tmp_path))
    assert (outcome.status, "there is no pg_dump" in outcome.reason) == ("NOT_TESTABLE", True)
