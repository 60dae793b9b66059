"""Parallel binary copy of whole tables inside one exported snapshot, while the source is written to."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import asyncpg

from cdc.contact_state import LOCK_WAIT_MS
from cdc.copy_pipe import pipe
from cdc.copy_tasks import Progress, Task, levels, parts
from cdc.foreign_keys import refused_reference
from cdc.session import Connection, Endpoint, connect
from cdc.shape import TableShape
from cdc.table_pair import TablePair
from cdc.target import may_set_replica_role
from triggers.identifiers import Composed, fragment, joined, number, type_name
from triggers.statements import render, statement

WORKERS: Final = 4
_EXPORTED: Final = re.compile(r"[0-9A-F]+-[0-9A-F]+-[0-9]+")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one REPEATABLE READ transaction of a side sees. `exported` lets other sessions see the same."""

    connection: Connection
    exported: str
    seen: str


@asynccontextmanager
async def exported_snapshot(
    source: Endpoint, tables: Sequence[TableShape], purpose: str = "first contact"
) -> AsyncIterator[Snapshot]:
    """Hold a snapshot of the source open; its tables can be written but not rewritten meanwhile.

    Args:
        source: the side to read.
        tables: the tables to guard against being dropped, altered or truncated.
        purpose: a word for `application_name`.

    Raises:
        ConnectivityError: the source cannot be reached.
    """
    connection = await connect(source, purpose)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if tables:
                # Before the first query: the snapshot must be younger than the locks.
                await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
                names = joined(table.relation for table in tables)
                await connection.execute(render("copy_lock_source", "cdc", tables=names))
            row = await connection.fetchrow(statement("copy_export", "cdc"))
            if row is None:
                raise LookupError("no snapshot was exported")
            yield Snapshot(connection, row["exported"], row["seen"])
    finally:
        await connection.close(timeout=10)


async def import_snapshot(connection: Connection, exported: str) -> None:
    """See from here on what an exported snapshot sees. First in a REPEATABLE READ transaction.

    Raises:
        ValueError: it is no name of one.
    """
    await connection.execute(render("copy_import", "cdc", snapshot=_literal(exported)))


async def copy_tables(
    source: Endpoint,
    target: Endpoint,
    snapshot: Snapshot,
    pairs: Sequence[TablePair],
    *,
    progress: Progress,
    workers: int = WORKERS,
) -> int:
    """Copy the snapshot's rows of every table to the target, where nothing captures them.

    Args:
        source: the side to read.
        target: the side to fill; its tables are empty.
        snapshot: what to read, held open by the caller.
        pairs: the tables.
        progress: told of rows as they are copied.
        workers: connections to each side, 1 to 4.

    Returns:
        The number of rows copied, all committed on the target.

    Raises:
        SchemaMismatch: foreign keys form a circle and the target's role may not defer them, or rows refer to
            such as are not there and the server checks it.
        ConnectivityError: either side cannot be reached.
        asyncpg.PostgresError: a server refused rows.
    """
    async with AsyncExitStack() as stack:
        control = await _connected(stack, target)
        role = "replica" if await may_set_replica_role(control) else None
        crew = _Crew(source, target, snapshot, role, progress)
        total = 0
        for level in await levels(control, pairs, role):
            total += await crew.run(await parts(snapshot.connection, level, checked=role is None), workers)
        return total


async def _connected(stack: AsyncExitStack, endpoint: Endpoint) -> Connection:
    connection = await connect(endpoint, "first contact")
    stack.callback(connection.terminate)
    return connection


@dataclass(frozen=True, slots=True)
class _Crew:
    """Workers that take parts from one list until it is empty."""

    source: Endpoint
    target: Endpoint
    snapshot: Snapshot
    role: str | None
    progress: Progress

    async def run(self, tasks: Sequence[Task], workers: int) -> int:
        """Copy all parts, several at a time; the first error stops them all."""
        waiting = deque(tasks)
        try:
            async with asyncio.TaskGroup() as group:
                count = max(1, min(workers, WORKERS, len(tasks)))
                crew = [group.create_task(self._work(waiting)) for _ in range(count)]
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return sum(one.result() for one in crew)

    async def _work(self, waiting: deque[Task]) -> int:
        copied = 0
        async with AsyncExitStack() as stack:
            reader, writer = await _connected(stack, self.source), await _connected(stack, self.target)
            async with reader.transaction(isolation="repeatable_read", readonly=True):
                await import_snapshot(reader, self.snapshot.exported)
                while waiting:
                    copied += await self._copy(reader, writer, waiting.popleft())
        return copied

    async def _copy(self, reader: Connection, writer: Connection, task: Task) -> int:
        pair, count = task.pair, task.count
        query = _query(task)
        moved = 0

        def show(size: int) -> None:
            nonlocal moved
            moved += size
            count.moving += size
            count.show(self.progress)

        try:
            async with writer.transaction():
                await writer.execute(statement("copy_begin_apply", "cdc"), self.role, "off")
                table = (pair.entity.schema, pair.entity.table)
                rows = await pipe(reader, query, writer, table, pair.columns, binary=pair.binary, moved=show)
        except asyncpg.ForeignKeyViolationError as error:
            raise refused_reference(pair.entity, self.target.side, error) from error
        count.copied += rows
        count.moving -= moved
        count.show(self.progress)
        return rows


def _query(task: Task) -> str:
    columns, table = task.pair.list("t"), task.pair.source.relation
    if task.pages is None:
        return render("copy_rows", "cdc", columns=columns, table=table)
    first, end = (number(page) for page in task.pages)
    return render("copy_rows_of_pages", "cdc", columns=columns, table=table, first=first, end=end)


def _literal(exported: str) -> Composed:
    """The exported name as a literal; SET takes no parameters.

    Raises:
        ValueError: it is no such name.
    """
    if not _EXPORTED.fullmatch(exported):
        raise ValueError(f"not the name of a snapshot: {exported!r}")
    return fragment("'{name}'", name=type_name(exported))
