"""How long an applying transaction waits for applications.

PostgreSQL looks for a deadlock when somebody has waited for `deadlock_timeout`, and ends the one who looked. So that
this is never an application, a transaction of ours waits for a row only while it is younger than that. One that may
get older is careful: it has locked its rows beforehand, leaving out those that somebody holds. Where that cannot be
known, it waits for a moment only, and once it is old for nobody a second time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from cdc.session import Connection
from triggers.statements import statement

LONGEST_WAIT_MS: Final = 200
_WAIT, _STATEMENT, _YOUNG = 0.2, 0.5, 0.35
"""Parts of deadlock_timeout: one wait, one statement, and the age at which the last statement may begin."""
CAREFUL_WAIT_MS: Final = 10
"""Where waiting cannot be helped: for somebody who inserts the same key, or holds a parent."""


class GrownOld(Exception):
    """An applying transaction has lasted so long that it may wait for nobody any more: begin anew, carefully."""


@dataclass(slots=True)
class Patience:
    """How long the transactions of a session may wait. `careful`: rows are locked beforehand."""

    deadlock_ms: int = 1_000
    careful: bool = False
    began: float = 0.0

    @property
    def lock_timeout(self) -> str:
        """For one wait, in milliseconds."""
        return str(
            CAREFUL_WAIT_MS if self.careful else max(min(LONGEST_WAIT_MS, int(self.deadlock_ms * _WAIT)), 1)
        )

    @property
    def statement_timeout(self) -> str:
        """For one statement, in milliseconds; 0 is none."""
        return "0" if self.careful else str(max(int(self.deadlock_ms * _STATEMENT), 1))

    def begin(self) -> None:
        """Take note that a transaction begins."""
        self.began = time.monotonic()

    @property
    def old(self) -> bool:
        """Whether somebody who waits for the transaction may be about to look for a deadlock."""
        return (time.monotonic() - self.began) * 1000 > self.deadlock_ms * _YOUNG

    def check(self) -> None:
        """Before a statement that may wait.

        Raises:
            GrownOld: the transaction would be too old before it is done.
        """
        if not self.careful and self.old:
            raise GrownOld


async def read_patience(connection: Connection) -> Patience:
    """Learn when the server looks for deadlocks."""
    return Patience(await connection.fetchval(statement("deadlock_timeout", "cdc")))
