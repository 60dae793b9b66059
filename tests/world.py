"""A pair of databases that applications write to, for tests that run thousands of histories.

Sessions: each side has a writer, whose transactions end at once, and a sleeper, whose transaction stays open
until it is told to end. Every operation stands in a savepoint, so one that fails is rolled back alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import asyncpg

from cdc.engine import Engine
from cdc.errors import ConnectivityError, PositionMoved
from cdc.images import join_key
from cdc.model import Side
from cdc.position import Seen
from cdc.stats import Options
from tests.databases import Servers
from tests.hosts import Connection
from tests.roles import Role, chosen, pair_of
from tests.synced import Conflict, Synced, endpoints, link_up

EXAMPLES: Final = int(os.environ.get("CDC_EXAMPLES", "0"))
"""Examples of each long-running property; 0 takes the small number that fits into CI."""
RESTARTS: Final = 50

SCHEMA: Final = """
CREATE TABLE parent (id int PRIMARY KEY, code text UNIQUE, v text);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, v text);
CREATE TABLE lease (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent, v text);
CREATE TABLE item (a text, b int, v text, PRIMARY KEY (a, b));
"""
ROWS: Final = """
INSERT INTO parent SELECT i, 'c' || i, 'x' FROM generate_series(1, 4) i;
INSERT INTO child SELECT i, i, 'x' FROM generate_series(1, 4) i;
INSERT INTO lease SELECT i, i, 'x' FROM generate_series(1, 4) i;
INSERT INTO item SELECT 'a' || i, i, 'x' FROM generate_series(1, 4) i;
"""
KEYS: Final = {"parent": ("id",), "child": ("id",), "lease": ("id",), "item": ("a", "b")}

REFUSALS: Final = (
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.NotNullViolationError,
    asyncpg.CheckViolationError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
"""What an application has to reckon with. Whatever else it is told, we are to blame for."""

T = TypeVar("T")
Operation = tuple[str | int | None, ...]
"""A statement and its parameters."""


@dataclass(slots=True)
class Fault:
    """Where a step is cut: after so many queries, in which way."""

    queries: int
    how: str
    """cancel the task, or cut the connection to the target or the source"""


@dataclass(slots=True)
class World:
    """Both sides with an engine between them; made once, emptied before each history."""

    servers: Servers
    options: Options
    synced: Synced = field(init=False)
    writers: dict[Side, Connection] = field(default_factory=dict)
    sleepers: dict[Side, Connection] = field(default_factory=dict)
    asleep: set[Side] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    _kept: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def open(self) -> None:
        """Make the databases, capture them, open the engine."""
        pair = await self._kept.enter_async_context(pair_of(self.servers, chosen() or Role.SUPERUSER))
        main, backup = endpoints(pair)
        for side in Side:
            await pair.connection(side).execute(SCHEMA)
            for sessions in (self.writers, self.sleepers):
                sessions[side] = await pair.connect(side)
                await sessions[side].execute("SET lock_timeout = '15ms'")
        await link_up(pair)

        def make() -> Engine:
            return Engine(main, backup, options=self.options)

        self.synced = Synced(pair, make(), make)
        await self.synced.engine.open()

    async def close(self) -> None:
        await self.synced.engine.close()
        await self._kept.aclose()

    # -- histories -------------------------------------------------------------------------------------

    async def reset(self, *, rows: bool) -> None:
        """Give both sides the same rows, or none, and start both links at what is there now."""
        for side in list(self.asleep):
            await self.finish(side, commit=False)
        for side in Side:
            self.counts["changes captured"] += await self.synced.captured(side)
            connection = self.synced.connection(side)
            async with connection.transaction():
                await connection.execute("SET LOCAL cdc.applying = 'on'")
                for table in ("child", "lease", "parent", "item"):
                    await connection.execute(f"DELETE FROM {table}")
                for table in ("changelog", "sync_state", "recheck"):
                    await connection.execute(f"DELETE FROM cdc.{table}")
                if rows:
                    await connection.execute(ROWS)
        for side in Side:
            await self._restart_link(side)

    async def _restart_link(self, side: Side) -> None:
        seen = await self.synced.connection(side).fetchval("SELECT pg_current_snapshot()::text")
        await self.synced.connection(side.other).execute(
            "UPDATE cdc.position SET seen = $2::text::pg_snapshot, window_to = NULL, last_seq = NULL,"
            " last_change = NULL WHERE source = $1",
            side,
            seen,
        )
        link = self.synced.engine.links[side]
        crossing = link._crossing
        assert crossing is not None
        position = replace(
            crossing.position, seen=Seen.parse(seen), window_to=None, last_seq=None, witness=None
        )
        link.position = crossing.position = crossing.stored = position

    async def write(self, side: Side, operations: Sequence[Operation], *, end: str) -> None:
        """A transaction of some operations, ended by commit or rollback, or left open with the sleeper."""
        if end == "hold" and side in self.asleep:
            end = "commit"
        session = self.sleepers[side] if end == "hold" else self.writers[side]
        await session.execute("BEGIN")
        for operation in operations:
            await self._operate(session, operation)
        self.counts[f"transactions, {end}"] += 1
        if end == "hold":
            self.asleep.add(side)
        else:
            await session.execute(end)

    async def _operate(self, session: Connection, operation: Operation) -> None:
        sql, values = str(operation[0]), operation[1:]
        await session.execute("SAVEPOINT operation")
        try:
            await session.execute(sql, *values)
            self.counts["operations"] += 1
        except REFUSALS as error:
            await session.execute("ROLLBACK TO operation")
            self.counts[f"operations refused, {type(error).__name__}"] += 1

    async def finish(self, side: Side, *, commit: bool) -> None:
        """End the sleeper's transaction."""
        if side in self.asleep:
            self.asleep.remove(side)
            await self.sleepers[side].execute("COMMIT" if commit else "ROLLBACK")

    # -- the engine ------------------------------------------------------------------------------------

    async def step(self, source: Side) -> None:
        result = await self._again(lambda: self.synced.engine.step(source))
        self.counts["steps"] += 1
        self.counts["changes read"] += result.changes

    async def compare(self) -> None:
        await self.synced.engine.referee.step()
        self.counts["comparisons"] += 1

    async def retry(self, source: Side) -> None:
        await self.synced.engine.links[source].retry()
        self.counts["retries"] += 1

    async def settle(self) -> None:
        """Let go of what is asleep, then step until nothing is left to do."""
        for side in list(self.asleep):
            await self.finish(side, commit=True)
        await self._again(self._settle)

    async def _settle(self) -> None:
        await self.synced.settle()

    async def _again(self, act: Callable[[], Awaitable[T]]) -> T:
        """Act as the service does: what a cut session left in the server may be in the way for a moment."""
        for _ in range(RESTARTS):
            try:
                return await act()
            except (PositionMoved, ConnectivityError, asyncpg.LockNotAvailableError) as error:
                self.counts[f"restarts after {type(error).__name__}"] += 1
                last = error
                await self.synced.reopen()
        raise TimeoutError(f"nothing but errors, {RESTARTS} times") from last

    async def restart(self) -> None:
        self.counts["restarts"] += 1
        await self.synced.reopen()

    async def crash(self, source: Side, fault: Fault) -> None:
        """Cut a step in the middle, and restart. A step that has too few queries to be cut goes through."""
        link = self.synced.engine.links[source]
        task = asyncio.ensure_future(link.step())
        reader, applier = link._sessions.connections
        left, struck = fault.queries, False

        def cut() -> None:
            nonlocal struck
            if task.done():
                return
            struck = True
            self.counts[f"crashes, {fault.how}"] += 1
            if fault.how == "cancel":
                task.cancel()
            else:
                (reader if fault.how == "source" else applier).terminate()

        def count(_: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                # Soon, so that the next query is under way by then.
                asyncio.get_running_loop().call_soon(cut)

        for connection in (reader, applier):
            connection.add_query_logger(count)
        with contextlib.suppress(asyncio.CancelledError, ConnectivityError):
            await task
        if struck:
            await self.restart()
        for connection in (reader, applier):
            connection.remove_query_logger(count)

    # -- what holds ------------------------------------------------------------------------------------

    async def images(self, side: Side, table: str) -> dict[str, dict[str, str | None]]:
        """Rows by entity id, values as texts."""
        rows = await self.synced.connection(side).fetch(f"SELECT * FROM {table}")
        found = {}
        for row in rows:
            image = {name: None if value is None else str(value) for name, value in row.items()}
            found[join_key([str(image[name]) for name in KEYS[table]])] = image
        return found

    async def conflicts(self) -> dict[tuple[str, str], dict[Side, Conflict]]:
        """Live entries by record and side."""
        found: dict[tuple[str, str], dict[Side, Conflict]] = {}
        for entry in await self.synced.open_conflicts():
            sides = found.setdefault((entry.entity, entry.entity_id), {})
            assert entry.side not in sides, "two live entries of one record on one side"
            sides[entry.side] = entry
        return found

    async def evidence(self) -> str:
        """What the databases hold, for a failed check."""
        lines = []
        for side in Side:
            for table in ("position", "recheck", "sync_state", "changelog"):
                rows = await self.synced.connection(side).fetch(f"SELECT x::text FROM cdc.{table} x")
                lines += [f"{side} {table} {row['x']}" for row in rows]
        return "\n".join(lines)
