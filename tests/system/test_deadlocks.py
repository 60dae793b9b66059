"""Applications that lock in any order beside decisions, copies and restores: a deadlock never costs them theirs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from cdc.conflicts import Filter
from cdc.first_contact import resync
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from cdc.snapshot.disk import DiskStore
from cdc.snapshot.restore import restore
from cdc.snapshot.writer import write_snapshot
from cdc.stats import Options
from tests.databases import Pair
from tests.hosts import Connection
from tests.live import equal, running, until
from tests.synced import Synced, endpoints, synced
from triggers.identifiers import identifier

SCHEMA = """
CREATE TABLE a (id int PRIMARY KEY, v text);
CREATE TABLE b (id int PRIMARY KEY, v text);
CREATE TABLE c (id int PRIMARY KEY, v text, a int REFERENCES a, b int REFERENCES b);
INSERT INTO a SELECT i, 'x' FROM generate_series(1, 100) i;
INSERT INTO b SELECT i, 'x' FROM generate_series(1, 100) i;
INSERT INTO c SELECT i, 'x', 100 FROM generate_series(1, 100) i;
"""
OURS_WAIT = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'cdc %' AND wait_event_type = 'Lock'
"""


@pytest.fixture
async def hasty(pair: Pair) -> Pair:
    """Databases on which whoever waits looks for deadlocks soon."""
    for side in Side:
        await pair.administer(side, f"ALTER DATABASE {identifier(pair.name)} SET deadlock_timeout = '200ms'")
    return pair


async def resynced(pair: Pair, _: Path) -> None:
    await resync(*endpoints(pair), Side.BACKUP, lambda *_: None)


async def put_back(pair: Pair, folder: Path) -> None:
    main, backup = endpoints(pair)
    store = DiskStore(folder)
    name = (await write_snapshot(main, store, kind="FULL")).name
    await restore(store, name, backup, main, propagate=True, by="ann")


REWRITES = pytest.mark.parametrize("rewrite", [resynced, put_back])


@asynccontextmanager
async def rewriting(
    pair: Pair, folder: Path, rewrite: Callable[[Pair, Path], Awaitable[None]], *begun: str
) -> AsyncIterator[tuple[asyncio.Task[None], Sequence[Connection]]]:
    """BACKUP is made what it was, beside applications that have begun to write there already."""
    async with synced(pair, SCHEMA) as both:
        await both.backup.execute("UPDATE a SET v = 'y'; UPDATE b SET v = 'y'; UPDATE c SET v = 'y'")
        await both.engine.close()
        applications = []
        for sql in begun:
            applications.append(await pair.connect(Side.BACKUP))
            await applications[-1].execute(f"BEGIN; {sql}")
        task = asyncio.create_task(rewrite(pair, folder))

        async def waits() -> bool:
            return task.done() or bool(await both.backup.fetchval(OURS_WAIT))

        await until(waits)
        yield task, applications
        await task
        assert await both.backup.fetchval("SELECT count(*) FROM a WHERE v = 'x'") > 90


@REWRITES
async def test_tables_that_are_locked_one_after_the_other(
    hasty: Pair, tmp_path: Path, rewrite: Callable[[Pair, Path], Awaitable[None]]
) -> None:
    """One has another table than the one we wait for, and comes to want the one that we have."""
    begun = ("UPDATE b SET v = v WHERE id = 1", "UPDATE c SET v = v WHERE id = 1")
    async with rewriting(hasty, tmp_path, rewrite, *begun) as (_, (first, second)):
        wants = asyncio.create_task(second.execute("UPDATE a SET v = v WHERE id = 1; COMMIT"))
        await first.execute("COMMIT")
        await wants


@REWRITES
async def test_rows_that_were_locked_to_be_written(
    hasty: Pair, tmp_path: Path, rewrite: Callable[[Pair, Path], Awaitable[None]]
) -> None:
    async with rewriting(hasty, tmp_path, rewrite, "SELECT FROM a WHERE id = 1 FOR UPDATE") as (_, (one,)):
        await one.execute("UPDATE a SET v = 'z' WHERE id = 1; COMMIT")


@pytest.mark.parametrize("resolution", [Resolution.MAIN, Resolution.BACKUP])
async def test_parents_of_rows_that_are_decided(hasty: Pair, resolution: Resolution) -> None:
    """Whoever has a parent comes to want a row that is decided just now."""
    async with synced(hasty, SCHEMA) as both:
        for side, parent in ((Side.MAIN, "id"), (Side.BACKUP, "id + 10")):
            await both.connection(side).execute(f"UPDATE c SET v = '{side}', a = {parent} WHERE id <= 20")
        await both.settle()
        assert len(await both.entries(Side.BACKUP, "OPEN")) == 20
        written = Side.BACKUP if resolution is Resolution.MAIN else Side.MAIN
        key = "1" if resolution is Resolution.MAIN else "11"
        first, second = [await hasty.connect(written) for _ in range(2)]
        await first.execute(f"BEGIN; SELECT FROM a WHERE id = {key} FOR UPDATE")
        await second.execute(f"BEGIN; SELECT FROM a WHERE id = {key} + 5 FOR UPDATE")
        async with Resolver(*endpoints(hasty)) as resolver:
            task = asyncio.create_task(resolver.resolve_many(Filter(), resolution, by="ann"))

            async def waits() -> bool:
                left = len(await both.entries(Side.BACKUP, "OPEN"))
                return left <= 2 or bool(await both.connection(written).fetchval(OURS_WAIT))

            await until(waits)
            wants = asyncio.create_task(second.execute("UPDATE c SET b = 1 WHERE id = 20; COMMIT"))
            await first.execute("COMMIT")
            await wants
            done = await task
        assert done.resolved >= 19


@pytest.mark.parametrize("source", Side)
async def test_parents_and_children_in_opposite_orders_beside_a_link(hasty: Pair, source: Side) -> None:
    async with synced(hasty, SCHEMA, options=Options(interval_s=3600)) as both, running(both):
        stop, committed = asyncio.Event(), 0

        async def work(first: int, *tables: str) -> None:
            nonlocal committed
            connection = await hasty.connect(source.other)
            while not stop.is_set():
                async with connection.transaction():
                    for table in tables:
                        # One by one, and no other application wants them, so that nobody but us can be in the way.
                        for number in range(first, first + 50):
                            await connection.execute(f"SELECT FROM {table} WHERE id = $1 FOR UPDATE", number)
                committed += 1

        tasks = [asyncio.create_task(work(1, "a", "c")), asyncio.create_task(work(51, "c", "a"))]
        writer = both.connection(source)
        for turn in range(6):
            # A child of each half comes to belong to a parent of the other.
            await writer.execute("UPDATE c SET a = (id * 7 + $1) % 100 + 1, v = v || '.'", turn)
            await writer.execute("UPDATE a SET v = v || '.' WHERE id % 3 = $1::int % 3", turn)
        before = committed

        async def gone_on() -> bool:
            return any(task.done() for task in tasks) or committed > before + 6

        await until(gone_on)
        stop.set()
        await asyncio.gather(*tasks)  # raises what an application met
        await equal(both, "a", "c")
        await both.assert_no_conflicts()


KEYS = """
CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE, v text);
INSERT INTO t SELECT i, i, 'a' FROM generate_series(1, 200) i;
"""
WRITE = "UPDATE t SET v = 'b' WHERE id = 1; INSERT INTO t SELECT i, i, 'm' FROM generate_series(1001, 1200) i"


async def applied(both: Synced) -> None:
    await both.engine.step(Side.MAIN)


async def retried(both: Synced) -> None:
    await both.backup.execute("UPDATE cdc.sync_state SET next_try_at = clock_timestamp()")
    await both.engine.links[Side.MAIN].retry()


async def decided(both: Synced) -> None:
    async with Resolver(*endpoints(both.pair)) as resolver:
        bulk = await resolver.resolve_many(Filter(), Resolution.MAIN, by="ann")
    assert bulk.resolved == 200


@pytest.mark.parametrize("work", [applied, retried, decided])
async def test_two_hundred_new_keys_that_somebody_else_writes(
    pair: Pair, work: Callable[[Synced], Awaitable[None]]
) -> None:
    """Who writes them shows only when one waits: each for a moment, all of them together for too long."""
    async with synced(pair, KEYS) as both:
        if work is decided:
            await both.main.execute("UPDATE t SET v = 'm', u = u + 1000")
            await both.backup.execute("UPDATE t SET v = 'b'")
            await both.settle()
        app, other = await pair.connect(Side.BACKUP), await pair.connect(Side.BACKUP)
        await app.execute("BEGIN; INSERT INTO t SELECT i, i, 'app' FROM generate_series(1001, 1200) i")
        if work is not decided:
            await both.main.execute(WRITE)
        if work is retried:
            await other.execute("BEGIN; SELECT FROM t WHERE id = 1 FOR UPDATE")
            await both.engine.step(Side.MAIN)
            await other.execute("ROLLBACK")
        task = asyncio.create_task(work(both))
        await until(partial(held_or_done, app, task))
        await app.execute("UPDATE t SET v = 'c' WHERE id = 1")
        await app.execute("ROLLBACK")
        await task
        await both.backup.execute(
            "UPDATE cdc.sync_state SET next_try_at = now() WHERE next_try_at IS NOT NULL"
        )
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


async def held_or_done(app: Connection, task: asyncio.Task[None]) -> bool:
    """Whether somebody holds the row of ours that the application wants next, or nobody will any more."""
    await app.execute("SAVEPOINT a")
    try:
        await app.execute("SELECT FROM t WHERE id = 1 FOR UPDATE NOWAIT")
    except asyncpg.LockNotAvailableError:
        return True
    finally:
        await app.execute("ROLLBACK TO a")
    return task.done()
