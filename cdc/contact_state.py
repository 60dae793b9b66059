"""What each side remembers of first contact, so that a kill at any instant leaves a state to go on from."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from cdc import observe
from cdc.contact_note import Note, Phase
from cdc.epoch import epoch
from cdc.errors import ConfigurationError
from cdc.model import Side
from cdc.session import Connection, Endpoint, connect
from cdc.twin import on_both
from triggers.statements import statement

LOCK_WAIT_MS: Final = 15_000
"""A killed predecessor's sessions end within this time."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link starts: the source's epoch, and what the target has of it, text of a snapshot."""

    epoch: str
    seen: str


def wanted(target: Side, *, two_way: bool) -> bool:
    """Whether there is a link into a side."""
    return two_way or target is Side.BACKUP


async def mark(connection: Connection, note: Note) -> None:
    """Mark this side as being written to."""
    await connection.execute(statement("contact_mark", "cdc"), "copying", note.text())


async def mark_undecided(connection: Connection, tables: dict[str, dict[str, int]]) -> None:
    """Leave the counts of differing rows per table for `status` to show."""
    await connection.execute(statement("contact_mark", "cdc"), "choose", json.dumps({"tables": tables}))


async def mark_done(connection: Connection) -> None:
    """Both sides may be linked as far as this one is concerned."""
    await connection.execute(statement("contact_mark", "cdc"), "done", None)


async def start_link(
    connection: Connection, source: Side, history: str, seen: str, state: str = "live"
) -> None:
    """Set what this side has of a source: everything visible in `seen`."""
    await connection.execute(statement("contact_position", "cdc"), source, history, seen, state)


async def commit_point(connection: Connection, note: Note, link: Link | None) -> None:
    """Write down, with the rows and in their transaction, that they are whole and what positions follow.

    Args:
        connection: the side that was written to.
        note: what was going on; `seen` is what the other side will have of this one.
        link: what this side has of the other, None where that direction is not wanted.
    """
    if link is not None:
        await start_link(connection, note.source, link.epoch, link.seen, "copying")
    await mark(connection, replace(note, phase=Phase.FINISHING))


async def durable_epoch(endpoint: Endpoint) -> str:
    """A side's epoch, once what snapshots of it have seen cannot be taken back by a crash any more."""
    async with opened(endpoint) as connection:
        await connection.execute(statement("flush", "cdc"))
        return await epoch(connection)


async def shed(connections: Mapping[Side, Connection]) -> None:
    """Remove changes from both changelogs that another server's transactions made; they came with a dump."""
    await on_both(lambda side: connections[side].execute(statement("contact_foreign", "cdc")))


async def reclaim(endpoint: Endpoint, other: Endpoint) -> None:
    """Let a database that is a copy of the other side's be this side's, unless the two URLs are exchanged."""
    async with opened(other) as connection:
        if (await observe.node(connection)).side is not other.side:
            return
    async with opened(endpoint) as connection:
        if (await observe.node(connection)).installed:
            await connection.execute(statement("contact_reclaim", "cdc"), endpoint.side)


async def renew(endpoint: Endpoint) -> None:
    """Begin a new history of a side: positions and copies from before are not taken for it any more."""
    async with opened(endpoint) as connection:
        await connection.execute(statement("contact_renew", "cdc"))


async def settle(connection: Connection, winner: Side | None, why: str) -> None:
    """Close conflicts and rechecks that being made equal has settled."""
    await connection.execute(statement("contact_settle_conflicts", "cdc"), winner, "first-contact", why)
    await connection.execute(statement("contact_settle_rechecks", "cdc"))


@asynccontextmanager
async def opened(endpoint: Endpoint) -> AsyncIterator[Connection]:
    """A connection that ends with the block.

    Raises:
        ConnectivityError: the side cannot be reached.
    """
    connection = await connect(endpoint, "first contact")
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def opened_both(main: Endpoint, backup: Endpoint) -> AsyncIterator[Mapping[Side, Connection]]:
    """A connection to each side, made at once; both end with the block.

    Raises:
        ConnectivityError: a side cannot be reached.
    """
    async with AsyncExitStack() as stack:
        yield await on_both(
            lambda side: stack.enter_async_context(opened(main if side is Side.MAIN else backup))
        )


@asynccontextmanager
async def only_one(endpoint: Endpoint) -> AsyncIterator[None]:
    """Be the only one that makes first contact with this side.

    Raises:
        ConfigurationError: another does, and goes on for longer than a killed one's sessions would last.
    """
    async with opened(endpoint) as connection:
        await connection.execute(f"SET lock_timeout = {LOCK_WAIT_MS}")
        try:
            await connection.execute(statement("contact_lock", "cdc"))
        except asyncpg.LockNotAvailableError as error:
            raise ConfigurationError(
                f"another instance makes first contact with {endpoint.side}",
                hint="let it finish, or end it",
            ) from error
        yield
