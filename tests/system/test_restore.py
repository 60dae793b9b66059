"""Restores beside a sync that runs, cut at any instant, and of every type."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from pathlib import Path

import pytest

from cdc import config
from cdc.errors import ConfigurationError, ConnectivityError
from cdc.first_contact import resync
from cdc.model import Side
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.plan import Restored
from cdc.snapshot.restore import restore
from cdc.snapshot.writer import write_snapshot
from cdc.verify import verify_sides
from tests.databases import Pair
from tests.hosts import Connection
from tests.running import Shell, link_states, until
from tests.synced import Synced, endpoints, synced
from tests.system.test_types import lacking, table_of
from tests.system.type_values import FAMILIES, Kind

pytestmark = pytest.mark.untouched

SCHEMA = """
CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
CREATE TABLE child (id serial PRIMARY KEY, a int REFERENCES a ON DELETE CASCADE, v text);
INSERT INTO a (v) SELECT 'v' || i FROM generate_series(1, 200) i;
INSERT INTO child (a, v) SELECT i, 'c' FROM generate_series(1, 100) i;
"""
CHANGE = """
UPDATE a SET v = v || '+' WHERE id % 2 = 0; DELETE FROM a WHERE id % 7 = 0;
INSERT INTO a (v) SELECT 'more' FROM generate_series(1, 50)
"""
KILLED = """
import asyncio, sys
from pathlib import Path
from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.restore import restore

main, backup, folder, name = sys.argv[1:]
print("begin", flush=True)
asyncio.run(restore(DiskStore(Path(folder)), name, Endpoint(Side.MAIN, main), Endpoint(Side.BACKUP, backup),
                    propagate=True, by="test"))
print("end", flush=True)
"""
SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
File = tuple[DiskStore, str]


async def written(pair: Pair, folder: Path) -> File:
    store = DiskStore(folder)
    done = await write_snapshot(endpoints(pair)[0], store, kind="FULL")
    return store, done.name


async def restored(pair: Pair, file: File, side: Side, *, propagate: bool) -> Restored:
    main, backup = endpoints(pair)
    target, other = (main, backup) if side is Side.MAIN else (backup, main)
    return await restore(*file, target, other, propagate=propagate, by="somebody")


async def assert_no_silent_difference(world: Synced) -> None:
    """Every row that differs is in an open conflict, and nothing that was applied is captured again."""
    await world.settle()
    before = [await world.captured(side) for side in Side]
    main, backup = endpoints(world.pair)
    report = await verify_sides(main, backup, progress=lambda *_: None)
    for table in report.tables:
        assert table.differing + table.missing_main + table.missing_backup == table.conflicts, table
    await world.settle()
    assert [await world.captured(side) for side in Side] == before


async def insert_on_both(world: Synced) -> None:
    for side in Side:
        await world.connection(side).execute(
            "INSERT INTO a (v) VALUES ('after'); INSERT INTO child (a, v) SELECT max(id), 'after' FROM a"
        )
        await world.settle()
    await world.assert_equal("a", "child")


async def test_the_other_side_follows_a_restore(pair: Pair, tmp_path: Path) -> None:
    async with synced(pair, SCHEMA) as world:
        file = await written(pair, tmp_path)
        before = await world.rows(Side.MAIN, "a"), await world.rows(Side.MAIN, "child")
        await world.main.execute(CHANGE)
        await world.backup.execute("DELETE FROM child WHERE id > 90")
        await world.settle()
        done = await restored(pair, file, Side.MAIN, propagate=True)
        assert done.tables["a"].changed
        assert not done.paused
        await world.settle()
        for side in Side:
            assert (await world.rows(side, "a"), await world.rows(side, "child")) == before
        await world.assert_no_conflicts()
        await assert_no_silent_difference(world)
        await insert_on_both(world)


async def test_a_restore_of_one_side_alone_waits_for_a_direction(pair: Pair, tmp_path: Path) -> None:
    async with synced(pair, SCHEMA) as world:
        file = await written(pair, tmp_path)
        before = await world.rows(Side.MAIN, "a")
        await world.main.execute(CHANGE)
        await world.settle()
        changed = await world.rows(Side.MAIN, "a")
        captured = await world.captured(Side.BACKUP)
        for winner, rows in ((Side.MAIN, changed), (Side.BACKUP, before)):
            done = await restored(pair, file, Side.BACKUP, propagate=False)
            assert done.paused
            assert await world.rows(Side.BACKUP, "a") == before
            assert await world.rows(Side.MAIN, "a") == changed
            assert await world.captured(Side.BACKUP) == captured
            decided = await config.read(world.main)
            assert set(decided.pauses) == set(Side)
            assert "BACKUP was restored from" in decided.pauses[Side.MAIN].reason
            with pytest.raises(ConfigurationError, match="waits for a direction"):
                await config.resume(world.main, list(Side), "somebody")
            await resync(*endpoints(pair), winner.other, lambda *_: None)
            assert not (await config.read(world.main)).pauses
            await world.reopen()
            await world.settle()
            for side in Side:
                assert await world.rows(side, "a") == rows
            captured = await world.captured(Side.BACKUP)
        await insert_on_both(world)


async def test_a_restore_that_fails_or_changes_nothing_leaves_sync_going(pair: Pair, tmp_path: Path) -> None:
    async with synced(pair, SCHEMA) as world:
        file = await written(pair, tmp_path)
        done = await restored(pair, file, Side.BACKUP, propagate=False)
        assert not done.paused
        assert not (await config.read(world.main)).pauses
        await world.backup.execute("UPDATE a SET v = 'x'")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cdc.write_lock.PATIENCE_S", 0.1)
            async with world.backup.transaction():
                await world.backup.execute("LOCK TABLE a IN ROW EXCLUSIVE MODE")
                with pytest.raises(ConnectivityError):
                    await restored(pair, file, Side.BACKUP, propagate=False)
        assert not (await config.read(world.main)).pauses


async def test_open_conflicts_stay_and_see_the_restored_row(pair: Pair, tmp_path: Path) -> None:
    async with synced(pair, SCHEMA) as world:
        file = await written(pair, tmp_path)
        for side in Side:
            await world.connection(side).execute(f"UPDATE a SET v = '{side}' WHERE id IN (1, 2)")
        await world.backup.execute("UPDATE a SET v = 'v2' WHERE id = 2")
        await world.settle()
        await restored(pair, file, Side.MAIN, propagate=True)
        await assert_no_silent_difference(world)
        conflicts = {entry.entity_id for entry in await world.open_conflicts()}
        assert conflicts == {"1"}
        (entry,) = await world.entries(Side.MAIN, "OPEN")
        assert entry.current is not None
        assert entry.incoming is not None
        assert (entry.current["v"], entry.incoming["v"]) == ("v1", "BACKUP")


async def test_a_restore_while_both_sides_are_written_to(pair: Pair, tmp_path: Path) -> None:
    async with synced(pair, SCHEMA) as world:
        file = await written(pair, tmp_path)
        await world.main.execute(CHANGE)
        await world.settle()
        going = asyncio.Event()

        async def write(side: Side) -> None:
            connection, chance, number = await pair.connect(side), random.Random(side), 0
            while not going.is_set():
                number += 1
                key = chance.randrange(1, 250)
                await connection.execute("UPDATE a SET v = $2 WHERE id = $1", key, f"{side}{number}")
                await connection.execute(
                    "INSERT INTO a (id, v) OVERRIDING SYSTEM VALUE VALUES ($1, 'n') ON CONFLICT DO NOTHING",
                    1000 + 2 * number + (side is Side.MAIN),
                )
                if number % 5 == 0:
                    await connection.execute("DELETE FROM a WHERE id = $1", chance.randrange(1, 250))

        async def carry() -> None:
            while not going.is_set():
                for side in Side:
                    await world.engine.step(side)
                await asyncio.sleep(0)

        work = [asyncio.create_task(each) for each in (*(write(side) for side in Side), carry())]
        try:
            for side in (Side.MAIN, Side.BACKUP, Side.MAIN):
                await restored(pair, file, side, propagate=True)
        finally:
            going.set()
            await asyncio.gather(*work)
        await assert_no_silent_difference(world)
        for side in Side:
            await world.connection(side).execute("INSERT INTO child (v) VALUES ('after')")
            await assert_no_silent_difference(world)


async def state(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT (a.*)::text AS r FROM a UNION ALL SELECT (c.*)::text FROM child c")
    return sorted(row["r"] for row in rows)


async def test_a_kill_leaves_all_or_nothing(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute(
        SCHEMA + "INSERT INTO a (v) SELECT repeat('x', 200) FROM generate_series(1, 8000)"
    )
    store, name = await written(pair, tmp_path)
    whole = await state(pair.main)
    seen, longest, chance = set(), 0.0, random.Random(1)
    for turn in range(9):
        await pair.main.execute(CHANGE)
        changed = await state(pair.main)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", KILLED, pair.main_url, pair.backup_url, str(tmp_path), name),
            cwd=Path(__file__).parents[2],
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"begin\n"
        began = asyncio.get_running_loop().time()
        if turn == 0:
            assert await process.stdout.readline() == b"end\n"
            longest = asyncio.get_running_loop().time() - began
        else:
            await asyncio.sleep(chance.uniform(0, longest * 1.1))
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
        await process.communicate()
        await settled(pair.main)
        now = await state(pair.main)
        assert now in (whole, changed)
        seen.add(now == whole)
        await restored(pair, (store, name), Side.MAIN, propagate=True)
        assert await state(pair.main) == whole
    assert seen == {True, False}


async def settled(connection: Connection) -> None:
    """Wait until the killed process's session has ended."""
    while await connection.fetchval(SESSIONS):  # noqa: ASYNC110 - a database tells nobody
        await asyncio.sleep(0.01)


async def table(connection: Connection, kind: Kind, schema: str) -> None:
    name = f"{schema}.{table_of(kind)}"
    await connection.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, v {kind.type})")
    await fill(connection, kind, schema)


async def fill(connection: Connection, kind: Kind, schema: str) -> None:
    values = ", ".join(f"({i}, {value})" for i, value in enumerate([*kind.values, "NULL"]))
    await connection.execute(f"INSERT INTO {schema}.{table_of(kind)} VALUES {values}")


async def assert_as_expected(connection: Connection, kind: Kind) -> None:
    wrong = await connection.fetch(
        f"SELECT (t.*)::text AS here, (e.*)::text AS wanted FROM public.{table_of(kind)} t"
        f" FULL JOIN expected.{table_of(kind)} e USING (id) WHERE (t.*)::text IS DISTINCT FROM (e.*)::text"
        + ("" if kind.printed else " OR NOT t *= e")
    )
    assert wrong == [], kind.name


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.superuser("the restore makes an extension that is not trusted")
async def test_every_type_comes_back_bit_for_bit(pair: Pair, tmp_path: Path, family: str) -> None:
    """Into tables whose rows were lost, and into a database that has none."""
    kinds = [kind for kind in FAMILIES[family] if not await lacking(pair.main, kind)]
    await pair.main.execute("CREATE SCHEMA expected")
    for kind in kinds:
        for text in kind.setup:
            await pair.main.execute(text)
        for schema in ("public", "expected"):
            await table(pair.main, kind, schema)
    file = await written(pair, tmp_path)
    for kind in kinds:
        await pair.main.execute(
            f"UPDATE {table_of(kind)} SET v = NULL WHERE id % 2 = 0; DELETE FROM {table_of(kind)} WHERE id % 3 = 0"
        )
    await restored(pair, file, Side.MAIN, propagate=True)
    assert (await restored(pair, file, Side.BACKUP, propagate=False)).created
    await pair.backup.execute("CREATE SCHEMA IF NOT EXISTS expected")
    for kind in kinds:
        await table(pair.backup, kind, "expected")
        for side in Side:
            await assert_as_expected(pair.connection(side), kind)


async def test_with_a_service_that_runs(pair: Pair, tmp_path: Path) -> None:
    """MAIN restored: BACKUP follows. BACKUP restored: all waits until somebody chooses, and then goes on."""
    for side in Side:
        await pair.connection(side).execute("CREATE TABLE a (id serial PRIMARY KEY, v text)")
    await pair.main.execute("INSERT INTO a (v) SELECT 'v' FROM generate_series(1, 20)")
    shell = Shell(tmp_path, {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url})
    count = "SELECT count(*) FROM a WHERE v = 'v'"
    async with shell.service(BACKUP_INTERVAL_SECONDS="3600") as running:
        await running.streaming()
        made = await shell("export", "--json")
        assert made.code == 0, made.err
        file = made.json["filepath"]
        await pair.main.execute("UPDATE a SET v = 'w' WHERE id > 5")
        assert (await shell("restore", file, "--target", "MAIN", "--yes")).code == 0

        async def followed() -> bool:
            return bool(await pair.backup.fetchval(count) == 20)

        await until(followed)
        await pair.main.execute("UPDATE a SET v = 'w' WHERE id > 5")
        alone = await shell("restore", file, "--target", "BACKUP", "--yes", "--json")
        assert (alone.code, alone.json["detail"]["paused"]) == (0, True), alone.err
        status = await running.state(lambda found: link_states(found) == {"paused"})
        assert "direction-needed" in {problem["id"] for problem in status["problems"]}
        refused = await shell("resume")
        assert (refused.code, "cdc resync" in refused.err) == (2, True)
        assert (await pair.main.fetchval(count), await pair.backup.fetchval(count)) == (5, 20)
        await running.end()
    assert (await shell("resync", "MAIN", "--yes")).code == 0
    assert await pair.main.fetchval(count) == 20
    async with shell.service(BACKUP_INTERVAL_SECONDS="3600") as running:
        await running.streaming()
        assert "direction-needed" not in {problem["id"] for problem in (await running.status())["problems"]}
