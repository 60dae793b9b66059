"""Processes that decide conflicts are killed: at every statement, at random ones, and between the two commits.

What was decided by halves is completed by the service, all else stays open; nothing is lost, and each record is
decided once. CDC_KILLS=200 kills that often.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from cdc.conflicts import Filter, get_conflict, list_conflicts
from cdc.model import ConflictStatus, Resolution, Side
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.live import until
from tests.synced import Synced, endpoints, synced

KILLS: Final = int(os.environ.get("CDC_KILLS", "0"))
RECORDS: Final = 60
SCHEMA: Final = f"""
CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL, n int NOT NULL);
INSERT INTO t SELECT i, 'first', 0 FROM generate_series(1, {RECORDS}) i;
"""
# Takes orders by line, and carries each out in a process of its own that is killed once so many statements were made.
DECIDER: Final = """
import asyncio, os, signal, sys
from cdc import bulk
from cdc.conflicts import Filter
from cdc.decision import Decision
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from cdc.session import Endpoint

bulk.CHUNK = 7
endpoints = [Endpoint(side, url) for side, url in zip(Side, sys.argv[1:])]

async def work(how, resolution, entity_id, left):
    def count(_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async with Resolver(*endpoints) as resolver:
        for connection in resolver.connections.values():
            connection.add_query_logger(count)
        if how == "one":
            await resolver.resolve(Decision("t", entity_id, Resolution(resolution), "ann"))
        elif how == "many":
            await resolver.resolve_many(Filter(), Resolution(resolution), by="ann")
        else:
            await resolver.finish()

for line in sys.stdin:
    how, resolution, entity_id, left = line.split()
    child = os.fork()
    if not child:
        asyncio.run(work(how, resolution, entity_id, int(left)))
        os._exit(0)
    print(os.waitpid(child, 0)[1], child, flush=True)
"""
BLOCK: Final = """
CREATE FUNCTION hold_back() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS
    'BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(4711); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER hold_back AFTER UPDATE ON cdc.sync_state DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION hold_back();
ALTER TABLE cdc.sync_state ENABLE ALWAYS TRIGGER hold_back;
"""
OURS: Final = "datname = current_database() AND application_name LIKE 'cdc resolver%'"
GONE: Final = f"SELECT count(*) = 0 FROM pg_stat_activity WHERE {OURS}"
HELD_BACK: Final = f"SELECT count(*) = 1 FROM pg_stat_activity WHERE {OURS} AND wait_event_type = 'Lock'"


@dataclass(frozen=True, slots=True)
class Decider:
    """Carries out decisions in processes that end, or are killed on the way."""

    process: asyncio.subprocess.Process
    both: Synced

    async def order(self, how: str, resolution: Resolution, entity_id: str = "-", *, left: int = 0) -> None:
        """Begin something; with `left` it is killed after so many statements."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{how} {resolution} {entity_id} {left}\n".encode())
        await self.process.stdin.drain()

    async def ended(self) -> bool:
        """Wait for the end of what was begun, and of its sessions; whether it was killed."""
        assert self.process.stdout is not None
        status, _ = (await self.process.stdout.readline()).split()
        assert int(status) in {0, 9}, status
        await gone(self.both)
        return int(status) == 9


async def gone(both: Synced) -> None:
    async def none() -> bool:
        return all([await both.connection(side).fetchval(GONE) for side in Side])

    await until(none)


@asynccontextmanager
async def deciding(pair: Pair) -> AsyncIterator[tuple[Synced, Decider]]:
    """Every record in conflict, and somebody to decide."""
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("UPDATE t SET v = 'main ' || id")
        await both.backup.execute("UPDATE t SET n = id")
        await both.settle()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", DECIDER, pair.main_url, pair.backup_url),
            cwd=Path(__file__).parents[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            yield both, Decider(process, both)
        finally:
            process.kill()
            await process.wait()


async def restart(both: Synced) -> None:
    """The service is started, does what there is to do, and ends, with its sessions that decide."""
    await both.reopen()
    await both.settle()
    await both.engine.close()
    for side in Side:
        assert not await both.connection(side).fetchval("SELECT bool_or(unfinished) FROM cdc.sync_state")


async def assert_decided_once(both: Synced, ids: set[str]) -> None:
    """These records are the same on both sides, by one decision each, and both their versions are readable."""
    await both.assert_equal("t")
    for entity_id in ids:
        kept = await get_conflict(both.main, both.backup, "t", entity_id)
        assert (kept.status, kept.resolved_by) == (ConflictStatus.RESOLVED, "ann"), entity_id
        wanted = {
            Resolution.MAIN: (f"main {entity_id}", "0"),
            Resolution.BACKUP: ("first", entity_id),
            Resolution.MERGE: (f"main {entity_id}", entity_id),
        }
        assert kept.resolution is not None
        row = await both.main.fetchrow("SELECT v, n::text FROM t WHERE id = $1", int(entity_id))
        assert tuple(row) == wanted[kept.resolution], entity_id
        for side in Side:
            (entry,) = [each for each in await both.entries(side, "RESOLVED") if each.entity_id == entity_id]
            own, other = entry.current or {}, entry.incoming or {}
            main, backup = (own, other) if side is Side.MAIN else (other, own)
            assert (main["v"], backup["n"]) == (f"main {entity_id}", entity_id)


async def open_ids(both: Synced) -> set[str]:
    page, _ = await list_conflicts(both.main, both.backup, limit=500)
    return {each.entity_id for each in page}


ALL: Final = {str(number) for number in range(1, RECORDS + 1)}


async def test_killed_at_every_statement_of_a_decision(pair: Pair) -> None:
    async with deciding(pair) as (both, decider):
        killed = True
        for number in range(1, RECORDS + 1):
            resolution = list(Resolution)[number % 3]
            await decider.order("one", resolution, str(number), left=number)
            killed = await decider.ended()
            if not killed:
                break
        assert not killed  # the last one had all the statements that it takes
        await restart(both)
        undecided = await open_ids(both)
        assert {"1", "2"} <= undecided
        assert str(number) not in undecided
        await decider.order("many", Resolution.MERGE)
        assert not await decider.ended()
        await restart(both)
        await both.assert_no_conflicts()
        await assert_decided_once(both, ALL)


@pytest.mark.timeout(0 if KILLS else 600)
async def test_killed_at_random_while_deciding_many(pair: Pair) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # noqa: T201  pytest shows it with a failure
    chance = random.Random(seed)
    async with deciding(pair) as (both, decider):
        for _ in range(KILLS or 12):
            how = chance.choice(["many", "many", "one", "finish"])
            entity_id = chance.choice(sorted(await open_ids(both)) or ["-"])
            if how == "one" and entity_id == "-":
                continue
            await decider.order(how, chance.choice(list(Resolution)), entity_id, left=chance.randrange(1, 60))
            await decider.ended()
            if chance.random() < 0.2:
                await restart(both)
        await decider.order("many", Resolution.BACKUP)
        assert not await decider.ended()
        await restart(both)
        await both.assert_no_conflicts()
        await assert_decided_once(both, ALL)


@pytest.mark.parametrize("late", [False, True], ids=["lost", "late"])
@pytest.mark.parametrize("how", ["one", "many"])
@pytest.mark.parametrize(
    "resolution",
    [
        Resolution.MAIN,
        Resolution.BACKUP,
        pytest.param(
            Resolution.MERGE,
            marks=pytest.mark.granted(
                "an owner's constraints are checked before the first commit, this one too"
            ),
        ),
    ],
)
async def test_killed_between_the_two_commits(
    pair: Pair, how: str, resolution: Resolution, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    """The second commit is lost with its server process, or is carried out when nobody waits for it any more."""
    monkeypatch.setattr("cdc.resolve.LOCK_TIMEOUT_MS", 100)
    first = Side.BACKUP if resolution is Resolution.MAIN else Side.MAIN
    second = first.other
    async with deciding(pair) as (both, decider):
        blocked, holder = both.connection(second), await pair.connect(second)
        await blocked.execute(BLOCK)
        await holder.execute("SELECT pg_advisory_lock(4711)")
        await decider.order(how, resolution, "1")

        async def between() -> bool:
            done = await both.connection(first).fetchval("SELECT bool_or(unfinished) FROM cdc.sync_state")
            return bool(done and await blocked.fetchval(HELD_BACK))

        await until(between)
        child = await child_of(decider.process.pid)
        os.kill(child, 9)
        if not late:
            await blocked.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}")
        async with Resolver(*endpoints(pair)) as resolver:
            if late:
                assert await resolver.finish() == 0  # it holds everything still
        await holder.execute("SELECT pg_advisory_unlock(4711)")
        assert await decider.ended()
        await blocked.execute("DROP TRIGGER hold_back ON cdc.sync_state")
        await restart(both)
        decided = {"1"} if how == "one" else {str(number) for number in range(1, RECORDS + 1)}
        decided -= await open_ids(both)
        assert len(decided) == (1 if how == "one" else 7)
        async with Resolver(*endpoints(pair)) as resolver:
            await resolver.resolve_many(Filter(), resolution, by="ann")
        await restart(both)
        await both.assert_no_conflicts()
        await assert_decided_once(both, ALL)


async def child_of(process: int) -> int:
    """The one process that another has started."""
    found = await asyncio.create_subprocess_exec(
        "ps", "-o", "pid=", "--ppid", str(process), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await found.communicate()
    (child,) = out.split()
    return int(child)
