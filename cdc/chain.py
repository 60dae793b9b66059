"""Puts the changes of one key into an order in which each starts where the one before ended. Pure.

AFTER ROW triggers that write to their own table, and keys that move onto each other, put rows into the
changelog out of order inside one transaction. Between transactions the order is right, because the second
writer of a row gets its sequence number after the first has committed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

State = str | None
"""A row's image, None where there is no row."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one key, in the order of the changelog."""

    txid: int
    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of changes reduced to its ends. `certain` is false where several orders, or none, fit."""

    before: State
    after: State
    certain: bool = True


def segments(steps: Sequence[Step]) -> list[Segment]:
    """Reduce a key's changes to the fewest segments; at a break something was written uncaptured."""
    found: list[Segment] = []
    for _, group in groupby(steps, key=lambda step: step.txid):
        for segment in _within_transaction(list(group)):
            if segment.before == segment.after and segment.certain:
                continue
            if found and found[-1].after == segment.before:
                last = found.pop()
                found.append(Segment(last.before, segment.after, last.certain and segment.certain))
            else:
                found.append(segment)
    return [segment for segment in found if segment.before != segment.after or not segment.certain]


def _within_transaction(steps: list[Step]) -> list[Segment]:
    if all(left.after == right.before for left, right in pairwise(steps)):
        return [Segment(steps[0].before, steps[-1].after)]
    ends = _trail(steps)
    if ends is not None:
        return [Segment(*ends)]
    return [Segment(step.before, step.after, certain=False) for step in steps]


def _trail(steps: list[Step]) -> tuple[State, State] | None:
    """Ends of the trail that uses every change once (Euler's theorem); None where there is no single one."""
    balance: Counter[State] = Counter()
    neighbours: defaultdict[State, set[State]] = defaultdict(set)
    for step in steps:
        balance[step.before] += 1
        balance[step.after] -= 1
        neighbours[step.before].add(step.after)
        neighbours[step.after].add(step.before)
    starts = [state for state, surplus in balance.items() if surplus == 1]
    ends = [state for state, surplus in balance.items() if surplus == -1]
    if not any(balance.values()):
        starts = ends = [steps[0].before]  # a circle: wherever it starts, it ends there
    if len(starts) != 1 or len(ends) != 1 or any(abs(surplus) > 1 for surplus in balance.values()):
        return None
    reached = {starts[0]}
    frontier = [starts[0]]
    while frontier:
        for state in neighbours[frontier.pop()] - reached:
            reached.add(state)
            frontier.append(state)
    return (starts[0], ends[0]) if len(reached) == len(neighbours) else None
