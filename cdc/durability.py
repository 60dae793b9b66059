"""What must not be taken back by a crash before somebody else relies on it.

A link commits without waiting for the disk: its position lies in the same transaction as the rows, so a crash of the
target takes back both, and the changes are applied again. That holds as long as the source still has them, and as
long as nobody was told otherwise. Whoever prunes, or writes down what a database holds, makes that durable first.
"""

from __future__ import annotations

from cdc.session import Connection
from triggers.statements import statement


async def make_durable(connection: Connection) -> None:
    """Return once all that was visible at the call is on disk; outside a transaction.

    PostgreSQL flushes its log in order (manual, "Asynchronous Commit"), so one small synchronous commit will do.
    """
    if not await connection.fetchval(statement("durable", "cdc")):
        await connection.execute(statement("flush", "cdc"))
