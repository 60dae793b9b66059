"""A model of the engine for one row: two sides, two links, two lists of keys to compare. Pure.

It makes the same decisions as the engine, with the engine's own pure core, but every order of what may happen can
be tried. Numbers of transactions are replaced by what matters of them: how many changes a link must still apply.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from cdc.chain import State as Value
from cdc.chain import Step, segments
from cdc.detect import Facts, Verdict, detect
from cdc.model import ConflictType, Policy
from cdc.pairing import Row
from cdc.position import Seen
from cdc.recheck import Finding, Readings, find

NOWHERE = Seen.parse("1:1:")
WINNERS = {Policy.MAIN_WINS: 0, Policy.BACKUP_WINS: 1}


@dataclass(frozen=True, slots=True)
class Entry:
    """The live entry of one side: the other side's row, and this side's, as it knows them."""

    incoming: Value
    current: Value


@dataclass(frozen=True, slots=True)
class Check:
    """The row is to be compared, once the links have applied so many more changes of each side."""

    here_wait: int
    there_wait: int = 0
    armed: bool = False
    here: Value = None
    there: Value = None
    touched: bool = False
    """an application wrote the row, on either side, since it was read"""

    @property
    def due(self) -> bool:
        return self.here_wait == 0 and self.there_wait == 0


@dataclass(frozen=True, slots=True)
class Look:
    """A comparison under way: it reads one row, then the other, judges, and acts; anything may happen in between.

    There is one referee, so there is one comparison at a time.
    """

    check: Check
    fresh: bool = True
    """the row was not put on the list again since"""
    here: tuple[Value, int] | None = None
    there: tuple[Value, int] | None = None
    touched: bool = False
    """an application wrote a row after it was read"""
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class Half:
    """One side: its row, what the link from it has not applied yet, and what it keeps."""

    row: Value
    writes: tuple[Value, ...]
    pending: tuple[tuple[Value, Value], ...] = ()
    entry: Entry | None = None
    check: Check | None = None
    look: Look | None = None


State = tuple[Half, Half]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is tried: the policy, where side 0 is MAIN, and whether there is a list of keys to compare."""

    policy: Policy = Policy.MANUAL
    listed: bool = True

    def next(self, state: State) -> Iterator[State]:
        """Every state that one more event may lead to."""
        for side in (0, 1):
            half = state[side]
            if half.writes:
                yield touched(changed(state, side, written(half)), side)
            for count in range(1, len(half.pending) + 1):
                yield self.applied(state, side, count)
            if half.look is not None:
                yield looked(state, side)
            elif half.check is not None and half.check.due and state[1 - side].look is None:
                yield changed(state, side, replace(half, look=Look(half.check)))

    def applied(self, state: State, source: int, count: int) -> State:
        """The link from `source` applies so many changes in one transaction."""
        half, target = state[source], state[1 - source]
        steps = [Step(i, *change) for i, change in enumerate(half.pending[:count])]
        state = changed(state, source, replace(half, pending=half.pending[count:]))
        found = segments(steps)
        chains = all(left.after == right.before for left, right in pairwise(steps))
        if chains and found and target.entry is not None:
            target = self.listed_again(replace(target, entry=replace(target.entry, incoming=found[0].after)))
        else:
            for segment in found:
                target = self.judged(target, source, segment.before, segment.after)
        return waited_less(changed(state, 1 - source, target), source, count)

    def judged(self, target: Half, source: int, before: Value, after: Value) -> Half:
        """One net change beside the target's row."""
        facts = Facts(
            has_before=before is not None,
            has_after=after is not None,
            present=target.row is not None,
            same_as_before=before is not None and target.row == before,
            same_as_after=after is not None and target.row == after,
        )
        verdict = detect(facts)
        if verdict is Verdict.APPLY:
            return replace(target, row=after)
        if isinstance(verdict, ConflictType) and self.policy is Policy.MANUAL:
            return self.listed_again(replace(target, entry=Entry(after, target.row)))
        if isinstance(verdict, ConflictType) and source == WINNERS[self.policy]:
            target = replace(target, row=after)
        return self.listed_again(target)

    def listed_again(self, half: Half) -> Half:
        """Put the row on the list to be compared; a comparison under way does not count for it."""
        if not self.listed:
            return half
        look = replace(half.look, fresh=False) if half.look else None
        return replace(half, check=Check(len(half.pending)), look=look)


def changed(state: State, side: int, half: Half) -> State:
    return (half, state[1]) if side == 0 else (state[0], half)


def written(half: Half) -> Half:
    """An application's next write; the same row again is no change."""
    value, *rest = half.writes
    change = () if value == half.row else ((half.row, value),)
    return replace(half, row=value, writes=tuple(rest), pending=half.pending + change)


def waited_less(state: State, source: int, count: int) -> State:
    """A link has applied changes: whatever waits for them waits less."""
    here, there = state[source], state[1 - source]
    if here.check is not None:
        here = replace(here, check=replace(here.check, here_wait=max(0, here.check.here_wait - count)))
    if there.check is not None:
        there = replace(there, check=replace(there.check, there_wait=max(0, there.check.there_wait - count)))
    here = replace(here, look=read_less(here.look, "here", count))
    there = replace(there, look=read_less(there.look, "there", count))
    return (here, there) if source == 0 else (there, here)


def read_less(look: Look | None, name: str, count: int) -> Look | None:
    """A comparison under way has read a row: what it waits for has been applied as well."""
    reading = getattr(look, name) if look else None
    if look is None or reading is None:
        return look
    return replace(look, **{name: (reading[0], max(0, reading[1] - count))})


def touched(state: State, writer: int) -> State:
    """An application wrote on a side: what was read of that row before says nothing about now."""
    found = []
    for side, half in enumerate(state):
        look = half.look
        if look is not None:
            read = look.here if side == writer else look.there
            check = replace(look.check, touched=look.check.armed)
            look = replace(look, check=check, touched=look.touched or read is not None)
        check = replace(half.check, touched=half.check.armed) if half.check else None
        found.append(replace(half, look=look, check=check))
    return found[0], found[1]


def looked(state: State, side: int) -> State:
    """The next part of a comparison."""
    half, other = state[side], state[1 - side]
    look = half.look
    assert look is not None
    if look.here is None:
        look = replace(look, here=(half.row, len(half.pending)))
    elif look.there is None:
        look = replace(look, there=(other.row, len(other.pending)))
    elif look.finding is None:
        earlier = Readings(look.check.here, look.check.there, armed=look.check.armed)
        rows = Row(None, look.here[0], NOWHERE), Row(None, look.there[0], NOWHERE)
        look = replace(look, finding=Finding.ARM if look.check.touched else find(earlier, *rows))
    else:
        return acted(state, side, look, look.here, look.there)
    return changed(state, side, replace(half, look=look))


def acted(state: State, side: int, look: Look, here: tuple[Value, int], there: tuple[Value, int]) -> State:
    """The end of a comparison: what its finding leads to."""
    half, other = replace(state[side], look=None), state[1 - side]
    if look.finding is Finding.ARM:
        if half.check is not None and look.fresh:
            armed = Check(here[1], there[1], armed=True, here=here[0], there=there[0], touched=look.touched)
            half = replace(half, check=armed)
        return changed(state, side, half)
    if look.finding is Finding.EQUAL:
        half, other = replace(half, entry=None), replace(other, entry=None)
    elif half.entry is not None or other.entry is not None:
        half = replace(half, entry=half.entry and Entry(there[0], here[0]))
        other = replace(other, entry=other.entry and Entry(here[0], there[0]))
    else:
        half = replace(half, entry=Entry(there[0], here[0]))
    if look.fresh:
        half = replace(half, check=None)
    return (half, other) if side == 0 else (other, half)


def is_right(state: State) -> bool:
    """Nothing is left to happen: both sides are equal and nobody is asked, or the conflict holds both versions."""
    rows = [half.row for half in state]
    entries = [half.entry for half in state]
    if rows[0] == rows[1]:
        return entries == [None, None]
    return any(entry == Entry(rows[1 - side], rows[side]) for side, entry in enumerate(entries))
