"""One round of syncing without the service: everything committed when it began is applied when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from cdc import config, observe
from cdc.engine import Engine
from cdc.errors import CdcError
from cdc.model import Side
from cdc.policy import PolicyRule
from cdc.session import Connection
from server.databases import Databases, connected, opened, require_installed
from server.problems import LINK_NAMES
from server.settings import Settings
from triggers.statements import statement

LOOK = 0.2
"""Seconds between two looks at what a running service has applied."""


class RoundFailedError(CdcError):
    """A round of syncing could not be made or did not end."""


async def once(settings: Settings, seconds: float) -> dict[str, int]:
    """Apply all that is committed on either side now.

    Args:
        settings: valid ones.
        seconds: how long to wait for a running service that does the work.

    Returns:
        By link, how many changes were applied meanwhile.

    Raises:
        RoundFailedError: sync is switched off or paused, or a running service did not get there in time.
        CdcError: as the links raise it.
    """
    if not settings.enable_backup_service:
        raise RoundFailedError(
            "ENABLE_BACKUP_SERVICE is false: nothing is synced", hint="Set ENABLE_BACKUP_SERVICE=true."
        )
    sides = tuple(Side) if settings.enable_two_way_sync else (Side.MAIN,)
    async with opened(settings) as databases, connected(databases, "command") as connections:
        await require_installed(connections)
        decisions = await config.read(connections[Side.MAIN])
        if held := [LINK_NAMES[side] for side in sides if side in decisions.pauses]:
            raise RoundFailedError(f"{' and '.join(held)} paused", hint="`cdc resume` first.")
        before = await _applied(connections, sides)
        if await connections[Side.MAIN].fetchval(statement("working_lock", "server")):
            await _settle(databases, decisions, two_way=settings.enable_two_way_sync)
        else:
            await _wait(connections, sides, seconds)
        after = await _applied(connections, sides)
        return {LINK_NAMES[side]: after[side] - before[side] for side in sides}


async def _settle(databases: Databases, decisions: config.Config, *, two_way: bool) -> None:
    def policy(entity: object) -> PolicyRule:
        return decisions.policy(str(entity))

    def accepts(entity: object) -> bool:
        return decisions.accepts(str(entity))

    main, backup = databases.main, databases.backup
    engine = Engine(main, backup, two_way=two_way, policy=policy, accepts=accepts)
    try:
        await engine.open()
        await engine.settle()
    finally:
        await engine.close()


async def _wait(connections: Mapping[Side, Connection], sides: Iterable[Side], seconds: float) -> None:
    moments = {side: await observe.moment(connections[side]) for side in sides}
    try:
        async with asyncio.timeout(seconds):
            for side, moment in moments.items():
                while await _pending(connections, side, moment):  # noqa: ASYNC110 - a database tells nobody
                    await asyncio.sleep(LOOK)
    except TimeoutError:
        raise RoundFailedError(
            f"the running service has not applied everything within {seconds:g} seconds",
            hint="`cdc status` says what it is doing.",
        ) from None


async def _pending(connections: Mapping[Side, Connection], side: Side, moment: str) -> bool:
    facts = await observe.link_status(connections[side], connections[side.other], side, upto=moment)
    return not facts.placed or facts.pending > 0


async def _applied(connections: Mapping[Side, Connection], sides: Iterable[Side]) -> dict[Side, int]:
    return {
        side: (await observe.link_status(connections[side], connections[side.other], side)).applied_total
        for side in sides
    }
