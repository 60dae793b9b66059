"""Locks of applications: nobody's transaction stalls a link, no link costs an application its transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median

import pytest

from cdc.model import Side
from cdc.stats import Options
from tests.databases import Pair, Servers, make_cluster
from tests.hosts import Connection, Host
from tests.live import equal, running, until
from tests.prepared import Prepared
from tests.synced import Synced, synced

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, v text, u text UNIQUE);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES t);
INSERT INTO t SELECT i, 'x', i FROM generate_series(1, 1000) i;
"""
HOUR = Options(interval_s=3600)


async def arrives(both: Synced, sql: str, *, source: Side = Side.MAIN) -> float:
    """Write on one side, wait until the other has it; returns the seconds it took."""
    value = f"at {time.monotonic()}"
    await both.connection(source).execute(sql, value)
    began, target = time.monotonic(), both.connection(source.other)

    async def there() -> bool:
        return bool(await target.fetchval("SELECT count(*) FROM t WHERE v = $1", value))

    await until(there)
    return time.monotonic() - began


@pytest.mark.parametrize("rows", [1, 200])
async def test_rows_that_an_application_sits_on_stall_nothing(pair: Pair, rows: int) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute(f"BEGIN; UPDATE t SET v = v WHERE id BETWEEN 401 AND {400 + rows}")
        began = time.monotonic()
        await pair.main.execute("UPDATE t SET v = 'all'")
        count = "SELECT count(*) FROM t WHERE v = 'all'"

        async def others() -> bool:
            return bool(await pair.backup.fetchval(count) == 1000 - rows)

        await until(others)
        stalled = time.monotonic() - began
        later = [await arrives(both, "UPDATE t SET v = $1 WHERE id = 1") for _ in range(5)]
        again = await arrives(both, "UPDATE t SET v = $1 WHERE id IN (2, 401)")
        # All of it came while the application still sits there: nothing waited for it.
        print(f"{rows} locked: the rest in {stalled:.2f} s, then {max(later):.3f} s, {again:.3f} s")  # noqa: T201
        await sitter.execute("ROLLBACK")
        await equal(both, "t")
        await both.assert_no_conflicts()


async def test_a_row_that_was_changed_under_the_lock_is_a_conflict(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute("BEGIN; UPDATE t SET v = 'theirs' WHERE id = 500")
        await arrives(both, "UPDATE t SET v = $1 WHERE id IN (499, 500)")
        await sitter.execute("COMMIT")

        async def decided() -> bool:
            return {one.entity_id for one in await both.entries(Side.BACKUP, "OPEN")} == {"500"}

        await until(decided)


async def test_what_cannot_be_skipped_is_found_alone(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        sitter = await pair.connect(Side.BACKUP)
        await sitter.execute(
            "BEGIN; INSERT INTO t VALUES (2000, 'theirs', 'taken'); SELECT FROM t WHERE id = 7 FOR UPDATE"
        )
        began = time.monotonic()
        async with pair.main.transaction():
            await pair.main.execute("INSERT INTO t SELECT i, 'new', i FROM generate_series(1500, 2500) i")
            await pair.main.execute("INSERT INTO child SELECT i, i FROM generate_series(1, 300) i")

        async def others() -> bool:
            return (
                await pair.backup.fetchval(
                    "SELECT (SELECT count(*) FROM t WHERE v = 'new') + (SELECT count(*) FROM child)"
                )
                == 1001 + 300 - 2
            )

        await until(others)
        print(f"the rest in {time.monotonic() - began:.2f} s")  # noqa: T201
        await sitter.execute("ROLLBACK")
        await equal(both, "t", "child")
        await both.assert_no_conflicts()


SLOW = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON t FOR EACH ROW WHEN (current_setting('cdc.applying', true) = 'on')
EXECUTE FUNCTION slow();
ALTER TABLE t ENABLE ALWAYS TRIGGER slow;
"""


async def lock_waits(pair: Pair, stop: asyncio.Event) -> float:
    """Watch the applier: the greatest age, in seconds, of a transaction of its that waits for a lock."""
    watcher, oldest = await pair.connect(Side.BACKUP), 0.0
    while not stop.is_set():
        age = await watcher.fetchval(
            "SELECT max(extract(epoch FROM clock_timestamp() - xact_start))::float8 FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'cdc applier%'"
            " AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple')"
        )
        oldest = max(oldest, age or 0.0)
    return oldest


@pytest.mark.granted("the table's own trigger would make it wait")
async def test_an_old_transaction_of_ours_waits_for_nobody(pair: Pair) -> None:
    """Whoever waits for us looks for a deadlock after deadlock_timeout: by then we must not wait for anyone."""
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        await pair.backup.execute(SLOW)
        stop = asyncio.Event()
        watching = asyncio.create_task(lock_waits(pair, stop))
        sitters = [await pair.connect(Side.BACKUP) for _ in range(3)]
        for i, sitter in enumerate(sitters):
            await sitter.execute(f"BEGIN; UPDATE t SET v = v WHERE id = {900 + i}")
        await pair.main.execute("UPDATE t SET v = 'slow' WHERE id % 2 = 0 OR id > 800")

        async def begun() -> bool:
            free = "SELECT count(*) FROM (SELECT FROM t WHERE id IN (2, 4, 6) FOR UPDATE SKIP LOCKED) f"
            return await pair.backup.fetchval(free) == 0

        await until(begun)
        # Each now wants a row that we hold, while we come to want the row that it holds.
        wants = [
            asyncio.create_task(sitter.execute(f"UPDATE t SET u = u WHERE id = {2 * i + 2}; ROLLBACK"))
            for i, sitter in enumerate(sitters)
        ]
        await asyncio.gather(*wants)
        await equal(both, "t")
        stop.set()
        oldest = await watching
        print(f"waited for a lock at an age of at most {oldest:.2f} s")  # noqa: T201
        # The server's own clock is the limit here, deadlock_timeout: there is no saying it without seconds.
        assert oldest < 1
        await both.assert_no_conflicts()


async def test_no_application_is_a_deadlock_victim(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        stop, counts = asyncio.Event(), {"committed": 0}

        async def work(order: str, number: int) -> None:
            connection = await pair.connect(Side.BACKUP)
            # They never meet each other, so that nobody but us can be in their way.
            mine = f"SELECT i FROM generate_series({number}, 200, 2) i ORDER BY i {order}"
            while not stop.is_set():
                async with connection.transaction():
                    for row in await connection.fetch(mine):
                        await connection.execute("SELECT FROM t WHERE id = $1 FOR UPDATE", row[0])
                counts["committed"] += 1

        tasks = [asyncio.create_task(work(*each)) for each in (("DESC", 1), ("DESC", 2), ("ASC", 201))]
        for i in range(4):
            await pair.main.execute(f"UPDATE t SET u = u || '!' WHERE id <= 200 AND id % 10 <> {i}")
            await arrives(both, "UPDATE t SET v = $1 WHERE id = 1000")
        stop.set()
        await asyncio.gather(*tasks)  # raises what an application met
        assert counts["committed"] > 4
        await equal(both, "t")
        await both.assert_no_conflicts()


async def test_a_long_repeatable_read_writer(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        for side in Side:
            old = await pair.connect(side)
            await old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t")
            await old.execute("UPDATE t SET v = 'early' WHERE id = 10")
            for _ in range(3):
                await arrives(both, "UPDATE t SET v = $1 WHERE id = 20", source=side)
            await old.execute("UPDATE t SET v = 'late' WHERE id = 11; INSERT INTO t VALUES (3000)")
            await old.execute("COMMIT")
            await equal(both, "t")
            await pair.main.execute("DELETE FROM t WHERE id = 3000")
            await equal(both, "t")
        await both.assert_no_conflicts()


async def test_many_savepoints(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        writer = await pair.connect(Side.MAIN)
        await writer.execute("BEGIN")
        await writer.execute(
            "".join(
                f"SAVEPOINT s; UPDATE t SET v = 's{i}' WHERE id = {i % 500 + 1};"
                + ("ROLLBACK TO s;" if i % 3 == 0 else "RELEASE s;" if i % 3 == 1 else "")
                for i in range(2000)
            )
        )
        await arrives(both, "UPDATE t SET v = $1 WHERE id = 1000")
        await writer.execute("COMMIT")
        await equal(both, "t")
        await both.assert_no_conflicts()


async def test_many_sessions_with_many_savepoints_each(pair: Pair) -> None:
    """More live subtransactions than a snapshot has room for, in every one of them, while both links go on."""
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        sessions = [(side, await pair.connect(side)) for side in Side for _ in range(25)]
        nest = "".join(
            f"SAVEPOINT s{i}; UPDATE t SET v = '{{name}} {i}' WHERE id = {{row}};"
            f"INSERT INTO child VALUES ({{row}} * 100 + {i}, {{row}});"
            for i in range(70)
        )
        for row, (_, session) in enumerate(sessions, start=1):
            await session.execute("BEGIN; " + nest.format(name=f"session {row}", row=row))
        for side in Side:
            await arrives(both, "UPDATE t SET v = $1 WHERE id = 1000", source=side)
        for row, (side, session) in enumerate(sessions, start=1):
            ends = [("ROLLBACK", "x", 0), ("COMMIT", f"session {row} 69", 70)]
            # Half of what a third of them did is taken back, and the subtransactions before that stay.
            ends.append(("ROLLBACK TO s35; COMMIT", f"session {row} 34", 35))
            end, value, children = ends[row % 3]
            await session.execute(end)
            target = both.connection(side.other)

            async def there(target: Connection = target, row: int = row, value: str = value) -> bool:
                return bool(await target.fetchval("SELECT v FROM t WHERE id = $1", row) == value)

            await until(there)
            # All of it, at once.
            assert await target.fetchval("SELECT count(*) FROM child WHERE parent = $1", row) == children
            if row % 5 == 0:
                await arrives(both, "UPDATE t SET v = $1 WHERE id = 1000", source=side)
        await equal(both, "t", "child")
        await both.assert_no_conflicts()


async def test_with_an_hour_between_polls_every_change_arrives_at_once(pair: Pair) -> None:
    async with synced(pair, SCHEMA, options=HOUR) as both, running(both):
        writers = [await pair.connect(side) for side in Side for _ in range(3)]
        times: list[float] = []
        for i in range(60):
            # One by one they meet a sleeping listener, in bursts one that is falling asleep or waking up.
            times.append(await arrives(both, "UPDATE t SET v = $1 WHERE id = 1", source=list(Side)[i % 2]))
            if i % 5 == 0:
                burst = [
                    one.execute("UPDATE t SET v = v || '.' WHERE id = $1", 2 + n)
                    for n, one in enumerate(writers[: i // 10 + 1])
                ]
                await asyncio.gather(*burst)
                await equal(both, "t")
        times.sort()
        print(  # noqa: T201
            f"arrived after p50 {median(times) * 1000:.1f} ms, p95 {times[57] * 1000:.1f} ms, "
            f"at most {times[-1] * 1000:.1f} ms"
        )


@pytest.fixture
async def preparing(server_folder: Path) -> AsyncIterator[Pair]:
    """A database on each of two servers that allow prepared transactions."""
    clusters = {
        side: make_cluster(side.lower(), server_folder, Prepared, max_prepared_transactions="10")
        for side in Side
    }
    try:
        await asyncio.gather(*(cluster.start() for cluster in clusters.values()))
        main, backup = (Host(side, cluster.url(), cluster) for side, cluster in clusters.items())
        async with Pair(Servers(main, backup, prefix="cdc_test_template")) as pair:
            yield pair
    finally:
        await asyncio.gather(*(cluster.kill() for cluster in clusters.values()))


async def test_prepared_transactions(preparing: Pair) -> None:
    """They refuse NOTIFY: there is none, and polling alone brings everything over."""
    async with synced(preparing, SCHEMA, options=HOUR) as both, running(both):
        for i, side in enumerate(Side):
            writer = both.connection(side)
            await writer.execute(
                f"BEGIN; UPDATE t SET v = 'prepared' WHERE id = {i + 1}; PREPARE TRANSACTION 'p{i}'"
            )
            await writer.execute(
                f"BEGIN; UPDATE t SET v = 'gone' WHERE id = {i + 10}; PREPARE TRANSACTION 'q{i}'"
            )
            # It was written before and is committed after what is applied meanwhile.
            times = [await arrives(both, "UPDATE t SET v = $1 WHERE id = 100", source=side) for _ in range(2)]
            print(f"polled: at most {max(times):.2f} s")  # noqa: T201
            await writer.execute(f"COMMIT PREPARED 'p{i}'")
            await writer.execute(f"ROLLBACK PREPARED 'q{i}'")
            await equal(both, "t")
            assert (
                await both.connection(side.other).fetchval("SELECT v FROM t WHERE id = $1", i + 1)
                == "prepared"
            )
        # Rows of a prepared transaction stay locked without any session.
        await both.backup.execute("BEGIN; UPDATE t SET u = u WHERE id = 50; PREPARE TRANSACTION 'sits'")
        await both.main.execute("UPDATE t SET v = 'all'")
        await arrives(both, "UPDATE t SET v = $1 WHERE id = 100")
        await both.backup.execute("ROLLBACK PREPARED 'sits'")
        await equal(both, "t")
