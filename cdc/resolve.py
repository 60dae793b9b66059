"""Carries out decisions on conflicts: both sides are given the decided row, both versions stay readable.

Both sides' positions are locked first, so that no link applies anything meanwhile; then both sides' rows, so that no
application changes them. Two commits are not one: if the process dies between them, the side that committed first
says so (`unfinished`), and `cdc.unfinished` gives the other side the row. One record or many, the way is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final, Self

import asyncpg

from cdc import config
from cdc.bulk import Bulk, chunks
from cdc.cases import named, prepare_table
from cdc.conflicts import Conflict, Filter, get_conflict, list_outlines
from cdc.deciding import Settled, decide
from cdc.decision import Decision, Outcome
from cdc.errors import (
    ConflictMoved,
    ConflictNotFound,
    NameMoved,
    PositionBusy,
    ResolutionRefused,
    SchemaMismatch,
)
from cdc.faults import Blame, judge
from cdc.model import Resolution, Side
from cdc.policy import PolicyRule
from cdc.reader import Reader
from cdc.session import Connection, Endpoint, connect
from cdc.target import ShapeMoved, Target
from cdc.unfinished import finish
from cdc.unfinished import unfinished as left_unfinished

LOCK_TIMEOUT_MS: Final = 5_000
TRIES: Final = 40
PAUSE_S: Final = 0.05
"""A row that an application holds is waited for by trying again, so that nobody ever waits for us in a circle."""


class Resolver:
    """Resolves conflicts over sessions of its own; works beside a running service and without one."""

    def __init__(self, main: Endpoint, backup: Endpoint) -> None:
        """Take both endpoints; use as `async with`."""
        self._endpoints = {Side.MAIN: main, Side.BACKUP: backup}
        self._targets: dict[Side, Target] = {}
        self._readers: dict[Side, Reader] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Connect to both sides.

        Raises:
            ConnectivityError: a side cannot be reached.
        """
        try:
            for side, endpoint in self._endpoints.items():
                connection = await self._connect(endpoint, "resolver")
                self._targets[side] = Target(connection, endpoint.schemas)
                await self._targets[side].prepare()
                await connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
                self._readers[side] = Reader(await self._connect(endpoint, "resolver's reader"))
                await self._readers[side].read_tables()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _connect(self, endpoint: Endpoint, purpose: str) -> Connection:
        connection = await connect(endpoint, purpose)
        self._stack.callback(connection.terminate)
        return connection

    async def __aexit__(self, *_: object) -> None:
        """Drop both sessions; what was not committed is rolled back."""
        await self._stack.aclose()

    @property
    def connections(self) -> Mapping[Side, Connection]:
        """The sessions, for looking at conflicts before and after."""
        return {side: target.connection for side, target in self._targets.items()}

    async def resolve(self, decision: Decision) -> Outcome:
        """Carry out a decision on one record.

        Raises:
            ConflictNotFound: the record has no open conflict.
            ConflictMoved: it is not the version that was looked at, or a row is locked by an application.
            MergeIncomplete: a merge leaves columns to decide.
            ResolutionRefused: a side cannot hold the decided row.
        """
        decision = replace(decision, entity_id=await self._named(decision))
        settled = await self.resolve_all(decision.entity, [decision])
        for error in settled.refused.values():
            if isinstance(error, ConflictMoved):
                error.current = await self._current(decision)
            raise error
        return settled.outcomes[0]

    async def resolve_many(
        self,
        wanted: Filter,
        resolution: Resolution,
        *,
        by: str,
        reason: str | None = None,
        values: Mapping[str, str | None] | None = None,
        progress: Callable[[Bulk], None] = lambda _: None,
    ) -> Bulk:
        """Decide all open conflicts that a filter takes, page by page; what is refused stays open.

        Args:
            wanted: which conflicts; each is decided as it is when its turn comes.
            resolution: the decision on each.
            by: who decides.
            reason: kept with the decisions.
            values: for a merge, what every record is given in some columns.
            progress: called after each transaction.
        """
        main, backup = self.connections[Side.MAIN], self.connections[Side.BACKUP]
        bulk, after = Bulk(), None
        while True:
            page, after = await list_outlines(main, backup, wanted, after=after)
            for chunk in chunks(page):
                entity = chunk[0].entity
                decisions = [
                    Decision(entity, each.entity_id, resolution, by, each.version, reason, values or {})
                    for each in chunk
                ]
                settled = await self.resolve_all(entity, decisions)
                bulk.resolved += len(settled.outcomes)
                bulk.refused |= {(entity, each): error for each, error in settled.refused.items()}
                progress(bulk)
            if after is None:
                return bulk

    async def resolve_all(
        self, entity: str, decisions: Sequence[Decision], *, policy: PolicyRule | None = None
    ) -> Settled:
        """Carry out decisions on records of one table; each stands for itself.

        Args:
            entity: the table, in the contract's form.
            decisions: at most one per record.
            policy: the table's; None takes what is kept on MAIN.
        """
        total = Settled()
        left = {decision.entity_id: decision for decision in decisions}
        if all(reader.number(entity) is None for reader in self._readers.values()):
            await self._refresh()  # it may be captured since a moment ago
        for attempt in range(1, TRIES + 1):
            settled = await self._try(entity, list(left.values()), policy)
            total.outcomes += settled.outcomes
            total.refused |= settled.refused
            # Those that were come to last, or not at all, come first.
            left = {each: left[each] for each in reversed(settled.busy)}
            if not left:
                break
            if attempt < TRIES:
                await asyncio.sleep(PAUSE_S)
        for each in left:
            total.refused[each] = ConflictMoved(
                f"{entity} {each} is being changed right now", hint="look at it again in a moment"
            )
        return total

    async def _try(self, entity: str, decisions: Sequence[Decision], policy: PolicyRule | None) -> Settled:
        try:
            rule = policy or (await config.read(self._targets[Side.MAIN].connection)).policy(entity)
            return await decide(self._targets, self._readers, entity, decisions, rule)
        except (ConflictNotFound, ResolutionRefused) as error:
            await self._refresh()  # the table may be another one next time
            return Settled(refused={decision.entity_id: error for decision in decisions})
        except PositionBusy:
            pass
        except ShapeMoved:
            await self._refresh()
        except asyncpg.PostgresError as error:
            match judge(error.sqlstate).blame:
                case Blame.LINK:
                    raise
                case Blame.ROW if len(decisions) == 1:
                    refused = ResolutionRefused(f"{entity} {decisions[0].entity_id}: {error}")
                    return Settled(refused={decisions[0].entity_id: refused})
                case Blame.ROW:
                    middle = len(decisions) // 2
                    halves = decisions[:middle], decisions[middle:]
                    first, second = [await self._try(entity, half, policy) for half in halves]
                    return first + second
                case Blame.SHAPE:
                    await self._refresh()
                case Blame.LOCK:
                    pass
        return Settled(busy=[decision.entity_id for decision in decisions])

    async def _named(self, decision: Decision) -> str:
        try:
            table = await prepare_table(self._targets, self._readers, decision.entity)
        except (LookupError, SchemaMismatch):
            return decision.entity_id  # it is refused in its turn
        return await named(self._targets[Side.MAIN], table, decision.entity_id)

    async def finish(self) -> int:
        """Complete decisions that only one side has, see `cdc.unfinished`. Returns how many rows were written."""
        written = 0
        for side in Side:
            for entity, rows in (await left_unfinished(self._targets[side])).items():
                try:
                    written += await finish(self._targets, self._readers, side, entity, rows)
                except (NameMoved, ShapeMoved):
                    await self._refresh()  # nothing was done; it is, next time or once the other side follows
                except PositionBusy:
                    continue
        return written

    async def _current(self, decision: Decision) -> Conflict | None:
        main, backup = self.connections[Side.MAIN], self.connections[Side.BACKUP]
        try:
            return await get_conflict(main, backup, decision.entity, decision.entity_id)
        except ConflictNotFound:
            return None

    async def _refresh(self) -> None:
        for side in Side:
            await self._targets[side].refresh()
            await self._readers[side].read_tables()
