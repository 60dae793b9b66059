"""What is written: a backlog of inserts, updates and deletes; the load of many writers; bulk statements."""

from __future__ import annotations

import asyncio
import random
import re
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from server.embedded import binaries
from tests.bench.rig import Connection, connected
from tests.bench.subject import PACKAGE
from triggers.statements import statement

_ROWS_PER_INSERT = 1000
_ROWS_PER_TRANSACTION = 100
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Backlog:
    """A backlog that was written, by its ends: how many changes, and what shows that all are there."""

    changes: int
    inserted: int
    updated: int
    mark: str
    deleted: int

    async def arrived(self, connection: Connection) -> tuple[bool, bool]:
        """Whether all of it is there, and whether its first part is."""
        row = await connection.fetchrow(
            statement("arrived", PACKAGE), self.inserted, self.updated, self.mark, self.deleted
        )
        assert row is not None
        return row["everything"], row["something"]


async def write_backlog(connection: Connection, inserts: int, rows: int) -> Backlog:
    """Write one on MAIN: `inserts` inserts by the thousand, half as many updates and a tenth deletes by row.

    No two changes meet in one row but for the deletes, which take the first of the inserted: nothing of it
    can be left out by whoever looks only at the outcome, save those.

    Args:
        connection: to MAIN.
        inserts: how many rows are inserted.
        rows: how many accounts were seeded; the updates are spread over them, each its own.
    """
    first = 1 + await connection.fetchval(statement("highest_account", PACKAGE))
    last, mark = first + inserts - 1, secrets.token_hex(8)
    for low in range(first, last + 1, _ROWS_PER_INSERT):
        high = min(low + _ROWS_PER_INSERT - 1, last)
        await connection.execute(statement("insert_accounts", PACKAGE), low, high)
    updated = random.sample(range(1, rows + 1), min(inserts // 2, rows))
    await _by_row(connection, "update_account", [(key, mark) for key in updated])
    deleted = range(first, first + max(1, inserts // 10))
    await _by_row(connection, "delete_account", [(key,) for key in deleted])
    return Backlog(inserts + len(updated) + len(deleted), last, updated[-1], mark, deleted[-1])


async def _by_row(connection: Connection, name: str, arguments: list[tuple[object, ...]]) -> None:
    """Run a one-row statement for each of the arguments, a hundred to a transaction."""
    for start in range(0, len(arguments), _ROWS_PER_TRANSACTION):
        async with connection.transaction():
            await connection.executemany(
                statement(name, PACKAGE), arguments[start : start + _ROWS_PER_TRANSACTION]
            )


async def transactions_per_second(url: str, *, clients: int, seconds: int, rows: int) -> float:
    """Let pgbench write one-row updates with some clients for some seconds; return commits a second.

    Raises:
        RuntimeError: pgbench failed.
    """
    script = Path(__file__).parent / "sql" / "one_row_update.sql"
    with tempfile.TemporaryDirectory() as folder:
        load = (
            f"--client={clients}",
            f"--jobs={min(clients, 2)}",
            f"--time={seconds}",
            f"--define=rows={rows}",
        )
        process = await asyncio.create_subprocess_exec(
            binaries().program("pgbench"), "--no-vacuum", "-M", "prepared", *load, f"--file={script}", url,
            cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(seconds + 60):
                output, _ = await process.communicate()
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise
    found = _TPS.search(output.decode())
    if process.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench ended with {process.returncode}: {output.decode()[-2000:]}")
    return float(found[1])


async def bulk_milliseconds(url: str, rows: int) -> tuple[float, float]:
    """Insert and then update `rows` rows with one statement each; take them away again.

    Returns:
        Milliseconds of the insert and of the update.
    """
    async with connected(url) as [connection]:
        first = 1 + await connection.fetchval(statement("highest_account", PACKAGE))
        took = []
        for name in ("insert_accounts", "bulk_update"):
            start = time.perf_counter()
            await connection.execute(statement(name, PACKAGE), first, first + rows - 1)
            took.append((time.perf_counter() - start) * 1000)
        await connection.execute(statement("bulk_delete", PACKAGE), first, first + rows - 1)
    return took[0], took[1]
