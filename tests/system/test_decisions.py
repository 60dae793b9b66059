"""Random rows, concurrent edits on both sides, random policies and decisions: equal in the end, nothing lost.

Every write of an application leaves a mark of its own in its row. In the end each mark is in the row, or was
overwritten by an application that had it before its eyes, or is in cdc.sync_state.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from cdc.conflicts import list_conflicts
from cdc.decision import Decision
from cdc.errors import ConflictMoved, ConflictNotFound, MergeIncomplete, ResolutionRefused
from cdc.model import Resolution, Side
from cdc.policy import PolicyRule, parse_policy
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced
from tests.world import EXAMPLES

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, mark text NOT NULL, n int, high numeric, tags text[]);
INSERT INTO t SELECT i, 'first ' || i, 10, 1, '{a}' FROM generate_series(1, 4) i;
"""
RULES: Final = [
    parse_policy("MANUAL"),
    parse_policy("MAIN_WINS"),
    parse_policy("BACKUP_WINS"),
    parse_policy("LATEST_WINS(high)"),
    parse_policy("MERGE"),
    parse_policy("MERGE", {"n": "SUM", "high": "MAX", "tags": "UNION", "mark": "LATEST(high)"}),
    parse_policy("MERGE", {"n": "MIN", "mark": "MAX"}),
]
CHANGES: Final = ["n = n - 1", "n = n + 2", "high = high + 1", "tags = array_append(tags, 'b')"]
REFUSALS: Final = (ConflictMoved, ConflictNotFound, ResolutionRefused)
DELETES: Final = 0.15
STEPS: Final = 40
ROUNDS: Final = 30
SEEDS: Final = EXAMPLES or 4


@dataclass(slots=True)
class History:
    """One random history, and what became of every mark."""

    both: Synced
    resolver: Resolver
    rule: list[PolicyRule]
    random: random.Random
    marks: int = 0
    overwritten: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)

    async def run(self) -> None:
        for _ in range(STEPS):
            match self.random.randrange(10):
                case 0:
                    self.rule[0] = self.random.choice(RULES)
                case 1:
                    await self.both.engine.step(self.random.choice(list(Side)))
                case 2:
                    await self.both.engine.referee.step(look=False)
                case 3:
                    await self.decide_some()
                case _:
                    await self.write(self.random.choice(list(Side)))
        for _ in range(ROUNDS):
            await self.both.settle()
            if not await self.both.open_conflicts():
                return
            await self.decide_some()
        raise AssertionError(await self.both.open_conflicts())

    async def write(self, side: Side) -> None:
        """What an application does: it sees a row, and changes it."""
        connection, key = self.both.connection(side), self.random.randint(1, 5)
        self.marks += 1
        mark = f"<{side} {self.marks}>"
        async with connection.transaction():
            seen = await connection.fetchval("SELECT mark FROM t WHERE id = $1 FOR UPDATE", key)
            if seen is not None and self.random.random() < DELETES:
                await connection.execute("DELETE FROM t WHERE id = $1", key)
            elif seen is None:
                await connection.execute("INSERT INTO t VALUES ($1, $2, 10, 1, '{a}')", key, mark)
                self.written.add(mark)
            else:
                change = self.random.choice(CHANGES)
                await connection.execute(f"UPDATE t SET mark = $2, {change} WHERE id = $1", key, mark)
                self.written.add(mark)
        if seen is not None:
            self.overwritten.add(seen)

    async def decide_some(self) -> None:
        page, _ = await list_conflicts(self.both.main, self.both.backup)
        for each in page:
            resolution = self.random.choice(list(Resolution))
            version = self.random.choice([each.version, None])
            decision = Decision(each.entity, each.entity_id, resolution, "ann", version)
            try:
                await self.resolver.resolve(decision)
            except MergeIncomplete as left:
                row = each.main or each.backup or {}
                values = {name: row.get(name) for name in left.missing}
                with contextlib.suppress(*REFUSALS):
                    await self.resolver.resolve(replace(decision, version=None, values=values))
            except REFUSALS:
                continue

    async def lost(self) -> set[str]:
        """Marks that are nowhere any more."""
        kept = ""
        for side in Side:
            for sql in (
                "SELECT string_agg(s::text, ' ') FROM cdc.sync_state s",
                "SELECT string_agg(mark, ' ') FROM t",
            ):
                kept += f"{await self.both.connection(side).fetchval(sql)}"
        return {mark for mark in self.written - self.overwritten if mark not in kept}


@asynccontextmanager
async def history(pair: Pair, seed: int) -> AsyncIterator[History]:
    chance = random.Random(seed)
    rule = [chance.choice(RULES)]
    options = Options(batch_rows=chance.choice([1, 3, 100]))
    async with (
        synced(pair, SCHEMA, policy=lambda _: rule[0], options=options) as both,
        Resolver(*endpoints(pair)) as resolver,
    ):
        yield History(both, resolver, rule, chance)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_both_sides_end_equal_and_every_version_is_readable(pair: Pair, seed: int) -> None:
    async with history(pair, seed) as found:
        await found.run()
        await found.both.assert_equal("t")
        await found.both.assert_no_conflicts()
        assert await found.lost() == set()
