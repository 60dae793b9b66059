"""Every order in which two sides' writes to one row, two links and the comparisons may follow each other.

First on the model of row_model.py, where all orders are tried; then a sample of the same on the real engine, whose
end must be one of the model's. CDC_EXAMPLES=500 tries that many histories of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from random import Random

import pytest

from cdc.chain import State as Value
from cdc.model import Policy, Side
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import Conflict, Synced, synced
from tests.system.row_model import Entry, Half, Rules, State, is_right
from tests.world import EXAMPLES

VALUES: tuple[Value, ...] = (None, "a", "b", "c")
POLICIES = [Policy.MANUAL, Policy.MAIN_WINS]
End = tuple[Value, Value, Entry | None, Entry | None]


def scripts(first: Value, longest: int) -> list[tuple[Value, ...]]:
    """All sequences of writes of up to so many steps, each of which changes something."""
    return [
        script
        for length in range(1, longest + 1)
        for script in product(VALUES, repeat=length)
        if all(left != right for left, right in pairwise((first, *script)))
    ]


def starts(most: int, longest: int) -> list[State]:
    """Both sides' scripts, from an equal row or none, with so many writes in all."""
    return [
        (Half(first, main), Half(first, backup))
        for first in (None, "a")
        for main, backup in product(scripts(first, longest), repeat=2)
        if len(main) + len(backup) <= most
    ]


def ends(rules: Rules, start: State) -> Iterator[State]:
    """Every state in which nothing is left to happen."""
    seen, frontier = {start}, [start]
    while frontier:
        state = frontier.pop()
        following = list(rules.next(state))
        if not following:
            yield state
        new = set(following) - seen
        seen |= new
        frontier += new


def sample(start: list[State], count: int) -> list[State]:
    return Random(count).sample(start, min(count, len(start)))


@pytest.mark.parametrize("policy", POLICIES)
def test_every_order_ends_equal_or_in_an_open_conflict(policy: Policy) -> None:
    for start in starts(3, 2):
        for end in ends(Rules(policy), start):
            assert is_right(end), (start, end)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("policy", POLICIES)
def test_longer_histories(policy: Policy) -> None:
    for start in sample(starts(4, 3), EXAMPLES or 20):
        for end in ends(Rules(policy), start):
            assert is_right(end), (start, end)


@pytest.mark.parametrize("policy", POLICIES)
def test_without_the_list_both_sides_part_silently(policy: Policy) -> None:
    """What the list of keys to compare is for: a row that went back beside one that went on."""
    start = (Half("a", ("b", "a")), Half("a", ("b",)))
    parted = [end for end in ends(Rules(policy, listed=False), start) if not is_right(end)]
    assert any(main.row != backup.row and not (main.entry or backup.entry) for main, backup in parted)
    assert all(is_right(end) for end in ends(Rules(policy), start))


@cache
def possible(policy: Policy, start: State) -> set[End]:
    """What the model says may come of it."""
    return {(main.row, backup.row, main.entry, backup.entry) for main, backup in ends(Rules(policy), start)}


@pytest.mark.timeout(0)
@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_the_engine_ends_as_the_model_may(pair: Pair, policy: Policy, batch_rows: int) -> None:
    options = Options(batch_rows=batch_rows)
    schema = "CREATE TABLE r (id int PRIMARY KEY, v text)"
    random = Random(batch_rows)
    async with synced(pair, schema, options=options, policy=lambda _: policy) as both:
        for start in sample(starts(3, 2), EXAMPLES or 25):
            await begin(both, start[0].row)
            events = [Side.MAIN] * len(start[0].writes) + [Side.BACKUP] * len(start[1].writes)
            random.shuffle(events)
            writes = {side: iter(half.writes) for side, half in zip(Side, start, strict=True)}
            for side in events:
                await write(both, side, next(writes[side]))
                await something(both, random)
            await both.settle()
            end = await ended(both)
            assert end in possible(policy, start), (start, events)


async def begin(both: Synced, value: Value) -> None:
    for side in Side:
        connection = both.connection(side)
        async with connection.transaction():
            await connection.execute("SET LOCAL cdc.applying = 'on'")
            await connection.execute("DELETE FROM r; DELETE FROM cdc.sync_state")
            if value is not None:
                await connection.execute("INSERT INTO r VALUES (1, $1)", value)


async def write(both: Synced, side: Side, value: Value) -> None:
    if value is None:
        await both.connection(side).execute("DELETE FROM r")
    else:
        upsert = "INSERT INTO r VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET v = excluded.v"
        await both.connection(side).execute(upsert, value)


async def something(both: Synced, random: Random) -> None:
    """Nothing, or some steps of the engine."""
    for _ in range(random.randrange(4)):
        event = random.choice([*Side, None])
        if event is None:
            await both.engine.referee.step()
        else:
            await both.engine.step(event)


async def ended(both: Synced) -> End:
    rows = [await both.connection(side).fetchval("SELECT v FROM r") for side in Side]
    entries = [await both.open_conflicts(side) for side in Side]
    assert all(len(found) < 2 for found in entries)
    main, backup = (entry_of(found) for found in entries)
    return rows[0], rows[1], main, backup


def entry_of(found: list[Conflict]) -> Entry | None:
    return Entry(value_of(found[0].incoming), value_of(found[0].current)) if found else None


def value_of(image: dict[str, str | None] | None) -> Value:
    return image["v"] if image else None
