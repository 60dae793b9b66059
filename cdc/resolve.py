"""Carries out decisions on conflicts: both sides are given the decided row, both versions stay readable.

Both sides' positions are locked first, so that no link applies anything meanwhile; then both sides' rows, so that no
application changes them. Two commits are not one: if the process dies between them, the side that committed first
says so (`unfinished`), and `cdc.unfinished` gives the other side the row. One record or many, the way is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Final, Self

import asyncpg

from cdc import config
from cdc.cases import Table, lock_positions, named, open_cases, prepare_table
from cdc.conflicts import Conflict, Cursor, Filter, get_conflict, list_conflicts
from cdc.decision import Decision, Outcome
from cdc.errors import (
    CdcError,
    ConflictMoved,
    ConflictNotFound,
    PositionBusy,
    ResolutionRefused,
    SchemaMismatch,
)
from cdc.faults import Blame, judge
from cdc.model import Resolution, Side
from cdc.policy import PolicyRule
from cdc.reader import Reader
from cdc.rulings import rule
from cdc.session import Connection, Endpoint, connect
from cdc.settlement import close, commits_first, write
from cdc.target import ShapeMoved, Target
from triggers.statements import statement

LOCK_TIMEOUT_MS: Final = 5_000
TRIES: Final = 40
PAUSE_S: Final = 0.05
"""A row that an application holds is waited for by trying again, so that nobody ever waits for us in a circle."""
CHUNK: Final = 500
"""Records decided in one transaction on each side; the links stand still meanwhile."""


@dataclass(slots=True)
class Bulk:
    """What deciding on many records led to: how many were decided, and why the others were not."""

    resolved: int = 0
    refused: dict[tuple[str, str], CdcError] = field(default_factory=dict)


@dataclass(slots=True)
class _Settled:
    outcomes: list[Outcome] = field(default_factory=list)
    refused: dict[str, CdcError] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)


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
                connection = await connect(endpoint, "resolver")
                self._stack.callback(connection.terminate)
                self._targets[side] = Target(connection, endpoint.schemas)
                await self._targets[side].prepare()
                await connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
                self._readers[side] = Reader(connection)
                await self._readers[side].read_tables()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

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
            progress: called after each page.
        """
        bulk, after = Bulk(), None
        while True:
            page, after = await self._page(wanted, after)
            tables: dict[str, list[Decision]] = {}
            for each in page:
                decision = Decision(
                    each.entity, each.entity_id, resolution, by, each.version, reason, values or {}
                )
                tables.setdefault(each.entity, []).append(decision)
            for entity, decisions in tables.items():
                settled = await self.resolve_all(entity, decisions)
                bulk.resolved += len(settled.outcomes)
                bulk.refused |= {(entity, each): error for each, error in settled.refused.items()}
            progress(bulk)
            if after is None:
                return bulk

    async def resolve_all(
        self,
        entity: str,
        decisions: Sequence[Decision],
        *,
        live: bool = True,
        policy: PolicyRule | None = None,
    ) -> _Settled:
        """Carry out decisions on records of one table; each stands for itself.

        Args:
            entity: the table, in the contract's form.
            decisions: at most one per record.
            live: refuse those without an open conflict.
            policy: the table's; None takes what is kept on MAIN.
        """
        total = _Settled()
        left = {decision.entity_id: decision for decision in decisions}
        for attempt in range(1, TRIES + 1):
            try:
                settled = await self._try(entity, list(left.values()), live=live, policy=policy)
            except (PositionBusy, ShapeMoved, asyncpg.PostgresError) as error:
                if isinstance(error, asyncpg.PostgresError) and judge(error.sqlstate).blame is Blame.LINK:
                    raise
                if isinstance(error, ShapeMoved | asyncpg.PostgresError):
                    await self._refresh()
                settled = _Settled(busy=list(left))
            total.outcomes += settled.outcomes
            total.refused |= settled.refused
            left = {each: left[each] for each in settled.busy}
            if not left:
                break
            if attempt < TRIES:
                await asyncio.sleep(PAUSE_S)
        for each in left:
            total.refused[each] = ConflictMoved(
                f"{entity} {each} is being changed right now", hint="look at it again in a moment"
            )
        return total

    async def _named(self, decision: Decision) -> str:
        try:
            table = await prepare_table(self._targets, self._readers, decision.entity)
        except (LookupError, SchemaMismatch):
            return decision.entity_id  # it is refused in its turn
        return await named(self._targets[Side.MAIN], table, decision.entity_id)

    async def _try(
        self, entity: str, decisions: Sequence[Decision], *, live: bool, policy: PolicyRule | None
    ) -> _Settled:
        try:
            table = await prepare_table(self._targets, self._readers, entity)
        except LookupError as error:
            raise ConflictNotFound(
                f"no table {entity} is synced", hint="`cdc conflicts` lists what can be resolved"
            ) from error
        except SchemaMismatch as error:
            raise ResolutionRefused(str(error), hint=error.hint) from error
        policy = policy or (await config.read(self._targets[Side.MAIN].connection)).policy(entity)
        transactions = {side: each.transaction() for side, each in self.connections.items()}
        started: list[Side] = []
        try:
            for side, transaction in transactions.items():
                await transaction.start()
                started.append(side)
            settled, unfinished, first = await self._settle(table, policy, decisions, live=live)
        except BaseException:
            for side in started:
                if not self._targets[side].connection.is_closed():
                    await transactions[side].rollback()
            raise
        await transactions[first].commit()
        await transactions[first.other].commit()
        if unfinished:
            sql = statement("sync_state_finished", "cdc")
            await self._targets[first].connection.execute(sql, entity, unfinished)
        return settled

    async def _settle(
        self, table: Table, policy: PolicyRule, decisions: Sequence[Decision], *, live: bool
    ) -> tuple[_Settled, list[str], Side]:
        applied = await lock_positions(self._targets, table)
        by_id = {decision.entity_id: decision for decision in decisions}
        try:
            cases = await open_cases(self._targets, table, list(by_id), applied, live=live)
        except ValueError as error:
            raise ConflictNotFound(str(error), hint="`cdc conflicts` lists what can be resolved") from error
        settled = _Settled(busy=list(dict.fromkeys(cases.busy)))
        for each in cases.closed:
            settled.refused[each] = ConflictNotFound(
                f"{table.entity} {each} has no open conflict", hint="`cdc conflicts` lists the open ones"
            )
        rulings = await rule(self._targets, table, policy, cases, by_id)
        done, refused = await write(self._targets, table, rulings.made)
        settled.refused |= rulings.refused | refused
        settled.busy += rulings.later
        settled.outcomes = [
            Outcome(each.decision.entity, each.case.entity_id, each.resolution, each.rows[Side.MAIN])
            for each in done
        ]
        first = commits_first(done)
        unfinished = await close(self._targets, table, cases, done, first) if done else []
        return settled, unfinished, first

    async def _page(self, wanted: Filter, after: Cursor | None) -> tuple[list[Conflict], Cursor | None]:
        main, backup = self.connections[Side.MAIN], self.connections[Side.BACKUP]
        return await list_conflicts(main, backup, wanted, limit=CHUNK, after=after)

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
