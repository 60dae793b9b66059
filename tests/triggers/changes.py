"""What was captured, for the tests of this folder."""

from __future__ import annotations

from typing import NamedTuple

from tests.hosts import Connection
from triggers.functions import function
from triggers.install import InstallReport, install


class Captured(NamedTuple):
    """A row of the changelog without its numbers and times."""

    table: str
    op: str
    columns: str | None
    old: str | None
    new: str | None


async def capture(connection: Connection, *schemas: str) -> InstallReport:
    """Install as MAIN."""
    return await install(connection, side="MAIN", schemas=schemas or ("public",))


async def take(connection: Connection) -> list[Captured]:
    """Read and empty the changelog, in order."""
    rows = await connection.fetch(
        "SELECT t.table_name, l.op::text, array_to_string(l.columns, ','), l.old, l.new"
        " FROM cdc.changelog l LEFT JOIN cdc.captured_table t ON t.id = l.table_id ORDER BY l.seq"
    )
    await connection.execute("DELETE FROM cdc.changelog")
    return [Captured(*row) for row in rows]


async def until(connection: Connection, condition: str) -> None:
    """Ask until it is true; the test's own timeout is the limit."""
    while True:
        if await connection.fetchval(condition):
            return


async def limit_images(db: Connection, size: int) -> None:
    """Let capture think that images of so many bytes are too large."""
    for name in ("capture_insert", "capture_update", "capture_delete", "capture_rows"):
        await db.execute(function(name).replace("900000000", str(size)))
