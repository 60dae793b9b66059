"""What is done before the links run: install what is missing on both sides, settle first contact."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from rich.console import Console

from cdc.copy_tasks import Progress
from cdc.first_contact import Outcome, first_contact
from cdc.model import Side
from server import progress
from server.databases import Databases, check_distinct, connected
from server.installation import install_both, prints, tell
from server.operations import first_copy

_log = structlog.get_logger(__name__)


async def prepare(
    databases: Databases,
    choice: str | None,
    console: Console,
    told: set[str],
    *,
    two_way: bool,
    copying: Callable[[], None],
) -> dict[Side, str]:
    """Prepare both databases; what is done already is left as it is.

    Args:
        databases: where both sides are.
        choice: what to do where both sides hold different data: fill, main, backup, or None to wait.
        console: where progress bars go.
        told: what was said about tables before, so that nothing is said twice.
        two_way: False leaves BACKUP without capture.
        copying: called as rows begin to move.

    Returns:
        What `prints` of the installation said before anything was installed.

    Raises:
        FirstContactUndecided: somebody has to choose; nothing was written.
        SameDatabaseError: both sides are one database.
    """
    async with connected(databases, "install") as connections:
        await check_distinct(connections[Side.MAIN], connections[Side.BACKUP])
        before = await prints(databases, connections)
        tell(await install_both(databases, connections, two_way=two_way), told)
    with progress.shown(console) as show:

        async def copied(moved: Progress) -> Outcome:
            def noted(entity: str, done: int, total: int) -> None:
                copying()
                show(entity, done, total)
                moved(entity, done, total)

            return await first_contact(
                databases.main, databases.backup, choice, noted, two_way=two_way, installed=True
            )

        outcome = await first_copy.noted(databases.main, "service", copied)
    _log.info("first contact", action=outcome.action.value, reason=outcome.reason, rows=outcome.rows)
    for note in outcome.notes:
        _log.warning(note)
    return before
