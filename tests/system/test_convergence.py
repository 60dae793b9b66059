"""Random histories on both sides, with steps, crashes and restarts in between: both sides agree, or say so.

CDC_EXAMPLES=2000 runs that many histories of each kind.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from itertools import permutations, product
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cdc.model import Side
from cdc.stats import Options
from tests.databases import Pair, Servers
from tests.synced import Synced, synced
from tests.world import EXAMPLES, KEYS, SCHEMA, Fault, Operation, World

T = TypeVar("T")
SETTINGS = settings(
    max_examples=EXAMPLES or 30,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)

sides = st.sampled_from(list(Side))
values = st.sampled_from(["x", "y", "z"])
ends = st.sampled_from(["commit", "commit", "commit", "rollback", "hold"])
faults = st.builds(Fault, st.integers(1, 25), st.sampled_from(["cancel", "target", "source"]))


def operations(ids: st.SearchStrategy[int]) -> st.SearchStrategy[Operation]:
    """Any write to any of the tables, on rows with these ids."""
    codes = ids.map(lambda i: f"c{i}")
    parents = st.none() | ids
    names = ids.map(lambda i: f"a{i % 2},%{i}" if i % 3 == 0 else f"a{i}")
    return st.one_of(
        st.tuples(st.just("INSERT INTO parent VALUES ($1, $2, $3)"), ids, codes, values),
        st.tuples(
            st.just("INSERT INTO parent VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET v = excluded.v"),
            ids,
            codes,
            values,
        ),
        st.tuples(st.just("UPDATE parent SET v = $2 WHERE id = $1"), ids, values),
        st.tuples(st.just("UPDATE parent SET code = $2 WHERE id = $1"), ids, codes),
        st.tuples(st.just("UPDATE parent SET id = $2 WHERE id = $1"), ids, ids),
        st.tuples(st.just("DELETE FROM parent WHERE id = $1"), ids),
        st.tuples(st.just("INSERT INTO child VALUES ($1, $2, $3)"), ids, parents, values),
        st.tuples(st.just("UPDATE child SET v = $2 WHERE id = $1"), ids, values),
        st.tuples(st.just("UPDATE child SET parent = $2 WHERE id = $1"), ids, parents),
        st.tuples(st.just("UPDATE child SET id = $2 WHERE id = $1"), ids, ids),
        st.tuples(st.just("DELETE FROM child WHERE id = $1"), ids),
        st.tuples(st.just("INSERT INTO lease VALUES ($1, $2, $3)"), ids, ids, values),
        st.tuples(st.just("UPDATE lease SET parent = $2 WHERE id = $1"), ids, ids),
        st.tuples(st.just("DELETE FROM lease WHERE id = $1"), ids),
        st.tuples(st.just("INSERT INTO item VALUES ($1, $2, $3)"), names, ids, values),
        st.tuples(st.just("UPDATE item SET v = $3 WHERE a = $1 AND b = $2"), names, ids, values),
        st.tuples(st.just("UPDATE item SET a = $3 WHERE a = $1 AND b = $2"), names, ids, names),
        st.tuples(st.just("DELETE FROM item WHERE a = $1 AND b = $2"), names, ids),
    )


def transactions(ids: st.SearchStrategy[int]) -> st.SearchStrategy[list[Operation]]:
    """Some operations in one transaction."""
    return st.lists(operations(ids), min_size=1, max_size=4)


ODD, EVEN, ANY = st.sampled_from([1, 3, 5]), st.sampled_from([2, 4, 6]), st.integers(1, 6)
TRUNCATES = st.sampled_from(
    [
        ("TRUNCATE child",),
        ("TRUNCATE item",),
        ("TRUNCATE parent CASCADE",),
        ("TRUNCATE parent, child, lease",),
    ]
)


class Histories(RuleBasedStateMachine):
    """What both kinds of histories have in common."""

    loop: asyncio.Runner
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0

    def run(self, work: Awaitable[T]) -> T:
        async def started() -> T:
            return await work

        return self.loop.run(started())

    def work(self, side: Side, operations: Sequence[Operation], end: str) -> None:
        self.writes += 1
        self.run(self.world.write(side, operations, end=end))

    @initialize(rows=st.sampled_from([True, True, True, False]))
    def start(self, *, rows: bool) -> None:
        self.world.counts["histories"] += 1
        self.run(self.world.reset(rows=rows))

    @rule(side=sides, commit=st.booleans())
    def finish(self, side: Side, *, commit: bool) -> None:
        self.run(self.world.finish(side, commit=commit))

    @precondition(lambda self: self.writes)
    @rule(source=sides, times=st.integers(1, 3))
    def step(self, source: Side, times: int) -> None:
        for _ in range(times):
            self.run(self.world.step(source))

    @precondition(lambda self: self.writes)
    @rule(source=sides, compare=st.booleans())
    def look_again(self, source: Side, *, compare: bool) -> None:
        self.run(self.world.compare() if compare else self.world.retry(source))

    @precondition(lambda self: self.writes)
    @rule(source=sides, fault=faults)
    def crash(self, source: Side, fault: Fault) -> None:
        self.run(self.world.crash(source, fault))

    @precondition(lambda self: self.writes > 2)
    @rule()
    def settle(self) -> None:
        self.writes = 0
        self.run(self.settled())

    def teardown(self) -> None:
        self.run(self.settled())

    async def settled(self) -> None:
        await self.world.settle()
        try:
            await self.check()
        except AssertionError:
            note(await self.world.evidence())
            raise

    async def check(self) -> None:
        raise NotImplementedError


class Apart(Histories):
    """Each side writes rows of its own: in the end both sides are equal, and nothing was a conflict."""

    @rule(work=transactions(ODD), end=ends)
    def main(self, work: list[Operation], end: str) -> None:
        self.work(Side.MAIN, work, end)

    @rule(work=transactions(EVEN), end=ends)
    def backup(self, work: list[Operation], end: str) -> None:
        self.work(Side.BACKUP, work, end)

    async def check(self) -> None:
        self.world.counts["checked equal"] += 1
        await self.world.synced.assert_equal(*KEYS)
        for side in Side:
            assert await self.world.synced.entries(side, "OPEN", "DEFERRED", "RESOLVED", "CONVERGED") == []


class Together(Histories):
    """Both sides write the same rows: each that differs in the end is an open conflict with both versions."""

    @rule(work=transactions(ANY), end=ends)
    def main(self, work: list[Operation], end: str) -> None:
        self.work(Side.MAIN, work, end)

    @rule(work=transactions(ANY), end=ends)
    def backup(self, work: list[Operation], end: str) -> None:
        self.work(Side.BACKUP, work, end)

    @rule(work=transactions(ANY))
    def both(self, work: list[Operation]) -> None:
        for side in Side:
            self.work(side, work, "commit")

    @rule(side=sides, work=transactions(ANY), fault=faults)
    def work_and_crash(self, side: Side, work: list[Operation], fault: Fault) -> None:
        self.work(side, work, "commit")
        self.run(self.world.crash(side, fault))

    @rule(side=sides, work=TRUNCATES)
    def truncate(self, side: Side, work: Operation) -> None:
        self.work(side, [work], "commit")

    async def check(self) -> None:
        await check_every_difference(self.world)


async def check_every_difference(world: World) -> None:
    conflicts = await world.conflicts()
    for table in KEYS:
        here, there = [await world.images(side, table) for side in Side]
        for entity_id in {*here, *there}:
            versions = {Side.MAIN: here.get(entity_id), Side.BACKUP: there.get(entity_id)}
            entries = conflicts.pop((table, entity_id), {})
            if here.get(entity_id) == there.get(entity_id):
                world.counts["rows equal"] += 1
                assert not entries, f"{table} {entity_id} is equal and in conflict: {entries}"
                continue
            world.counts["rows in conflict"] += 1
            assert entries, f"{table} {entity_id} differs and nobody says so: {versions}"
            assert any(
                entry.current == versions[side] and entry.incoming == versions[side.other]
                for side, entry in entries.items()
            ), f"no entry of {table} {entity_id} holds both versions {versions}: {entries}"
    assert not conflicts, f"conflicts of rows that neither side has: {conflicts}"


@pytest.fixture
def machine(servers: Servers, request: pytest.FixtureRequest) -> Iterator[type[Histories]]:
    """The kind of history the test is about, with a world to happen in."""
    kind, batch_rows = request.param
    with asyncio.Runner() as runner:
        world = World(servers, Options(batch_rows=batch_rows))
        runner.run(world.open())
        try:
            yield type(kind.__name__, (kind,), {"loop": runner, "world": world})
        finally:
            runner.run(world.close())
            for what, count in sorted(world.counts.items()):
                print(f"{count:8} {what}")  # noqa: T201  statistics, shown by pytest -rP or -s


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "machine",
    [(Apart, 1000), (Apart, 2), (Together, 1000), (Together, 2)],
    indirect=True,
    ids=lambda it: f"{it[0].__name__} in batches of {it[1]}",
)
def test_histories(machine: type[Histories]) -> None:
    run_state_machine_as_test(machine, settings=SETTINGS)


A_B_A = [
    (Side.MAIN, "UPDATE item SET v = 'b'"),
    (Side.MAIN, "UPDATE item SET v = 'a'"),
    (Side.BACKUP, "UPDATE item SET v = 'b'"),
]


async def test_a_row_that_went_back_beside_one_that_went_on(pair: Pair) -> None:
    """A -> B -> A beside A -> B: content alone says that all is well, whatever the order."""
    outcomes: Counter[str] = Counter()
    orders = [order for order in permutations(A_B_A) if order.index(A_B_A[0]) < order.index(A_B_A[1])]
    async with synced(pair, SCHEMA + "INSERT INTO item VALUES ('r', 1, 'a');") as both:
        for order in orders:
            for steps in product((None, *Side), repeat=len(order)):
                await start_over(both)
                for (side, sql), source in zip(order, steps, strict=True):
                    await both.connection(side).execute(sql)
                    if source:
                        await both.engine.step(source)
                await both.settle()
                outcomes[await how_it_ended(both)] += 1
    assert outcomes["equal"]
    assert outcomes["conflict"]
    assert sum(outcomes.values()) == len(orders) * 27


async def start_over(both: Synced) -> None:
    """Settle on row a at both sides, whatever there was."""
    for side in Side:
        connection = both.connection(side)
        async with connection.transaction():
            await connection.execute("SET LOCAL cdc.applying = 'on'")
            await connection.execute("UPDATE item SET v = 'a'; DELETE FROM cdc.sync_state")
    await both.settle()
    await both.assert_no_conflicts()


async def how_it_ended(both: Synced) -> str:
    versions = {side: await both.connection(side).fetchval("SELECT v FROM item") for side in Side}
    conflicts = await both.open_conflicts()
    if versions[Side.MAIN] == versions[Side.BACKUP]:
        assert conflicts == []
        return "equal"
    assert any(
        entry.current is not None
        and entry.incoming is not None
        and entry.current["v"] == versions[entry.side]
        and entry.incoming["v"] == versions[entry.side.other]
        for entry in conflicts
    ), (versions, conflicts)
    return "conflict"
