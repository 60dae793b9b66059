"""Every order in which two sides' writes to one row, two links and the comparisons may follow each other.

First on the model of row_model.py, where all orders are tried; then the same on the real engine, each in some orders,
whose end must be one of the model's. CDC_EXAMPLES=500 tries that many histories of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
POLICIES = [Policy.MANUAL, Policy.MAIN_WINS, Policy.BACKUP_WINS]
SLOTS = 6
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


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the real table: where it starts, and which of its sides writes in which slot of the run."""

    start: State
    slots: tuple[tuple[int, Side], ...]


def cases(random: Random, each: int) -> list[Case]:
    """Every start, so many times, its writes spread over the slots at random."""
    found = []
    for start in starts(3, 2) * each:
        events = [Side.MAIN] * len(start[0].writes) + [Side.BACKUP] * len(start[1].writes)
        random.shuffle(events)
        slots = sorted(random.randrange(SLOTS) for _ in events)
        found.append(Case(start, tuple(zip(slots, events, strict=True))))
    return found


@pytest.mark.timeout(0)
@pytest.mark.parametrize("policy", [*POLICIES, Policy.LATEST_WINS])
@pytest.mark.parametrize("batch_rows", [3, 1000])
async def test_the_engine_ends_as_the_model_may(pair: Pair, policy: Policy, batch_rows: int) -> None:
    """Every start is a row of one table, many times, so that all of them run at once."""
    options = Options(batch_rows=batch_rows)
    schema = "CREATE TABLE r (id int PRIMARY KEY, v text)"
    random = Random(batch_rows)
    table = cases(random, EXAMPLES or 6)
    async with synced(pair, schema, options=options, policy=lambda _: policy) as both:
        await begin(both, table)
        writes = [
            {side: iter(half.writes) for side, half in zip(Side, case.start, strict=True)} for case in table
        ]
        for slot in range(SLOTS):
            due = [[side for at, side in case.slots if at == slot] for case in table]
            for place in range(max(map(len, due))):
                now = [(number, sides[place]) for number, sides in enumerate(due) if place < len(sides)]
                for side in random.sample(list(Side), 2):
                    await write(both, side, {n: next(writes[n][side]) for n, writer in now if writer is side})
            await something(both, random)
        await both.settle()
        for case, end in zip(table, await ended(both, len(table)), strict=True):
            modelled = policy in POLICIES
            assert end in possible(policy, case.start) if modelled else is_stable(end), (case, end)


async def begin(both: Synced, table: Sequence[Case]) -> None:
    values = {number: case.start[0].row for number, case in enumerate(table)}
    for side in Side:
        async with both.connection(side).transaction():
            await both.connection(side).execute("SET LOCAL cdc.applying = 'on'")
            await write(both, side, values)


async def write(both: Synced, side: Side, values: Mapping[int, Value]) -> None:
    """Give rows these values, in one transaction; None deletes."""
    gone = [number for number, value in values.items() if value is None]
    kept = {number: value for number, value in values.items() if value is not None}
    connection = both.connection(side)
    async with connection.transaction():
        await connection.execute("DELETE FROM r WHERE id = ANY ($1::int[])", gone)
        await connection.execute(
            "INSERT INTO r SELECT * FROM unnest($1::int[], $2::text[])"
            " ON CONFLICT (id) DO UPDATE SET v = excluded.v",
            list(kept),
            list(kept.values()),
        )


async def something(both: Synced, random: Random) -> None:
    """Nothing, or some steps of the engine: a part of what is pending, or all of it."""
    for _ in range(random.randrange(4)):
        event = random.choice([*Side, None])
        if event is None:
            await both.engine.referee.step()
            continue
        for _ in range(random.choice([1, 50, 500])):
            if not (await both.engine.step(event)).changes:
                break


async def ended(both: Synced, count: int) -> list[End]:
    """Every row's two versions, and what is open of it on each side."""
    sides = []
    for side in Side:
        rows = dict(await both.connection(side).fetch("SELECT id, v FROM r"))
        entries = {int(entry.entity_id): entry_of(entry) for entry in await both.open_conflicts(side)}
        sides.append([(rows.get(number), entries.get(number)) for number in range(count)])
    return [(main[0], backup[0], main[1], backup[1]) for main, backup in zip(*sides, strict=True)]


def entry_of(found: Conflict) -> Entry:
    return Entry(value_of(found.incoming), value_of(found.current))


def value_of(image: dict[str, str | None] | None) -> Value:
    return image["v"] if image else None


def is_stable(end: End) -> bool:
    """Both sides are equal and nobody is asked, or a conflict is open that holds both versions."""
    halves = [Half(row, (), entry=entry) for row, entry in zip(end[:2], end[2:], strict=True)]
    return is_right((halves[0], halves[1]))
