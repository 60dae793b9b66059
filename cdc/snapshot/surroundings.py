"""What a restore has to do with sync: whether the other side follows, or both links wait for a direction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cdc import config, observe
from cdc.contact_state import opened
from cdc.model import Entity, Side
from cdc.session import Connection, Endpoint
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.staging import PACKAGE
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The database that is restored into. `captured`: the tables whose changes go to the other side."""

    side: Side
    installed: bool
    captured: frozenset[Entity]

    def notes(self, restored: Sequence[Entity], *, propagate: bool) -> tuple[str, ...]:
        """What people have to know of the other side."""
        if not propagate or not self.installed:
            return ()
        left = sorted(str(entity) for entity in restored if entity not in self.captured)
        if not left:
            return ()
        return (f"the other side does not follow for {', '.join(left)}: not captured on {self.side}",)


async def look(connection: Connection, side: Side) -> Surroundings:
    """See whether the database is synced."""
    if not (await observe.node(connection)).installed:
        return Surroundings(side, installed=False, captured=frozenset())
    rows = await connection.fetch(statement("captured_entities", PACKAGE))
    captured = frozenset(Entity(row["schema_name"], row["table_name"]) for row in rows)
    return Surroundings(side, installed=True, captured=captured)


def check_direction(side: Side, *, propagate: bool, two_way: bool) -> None:
    """Refuse what cannot be: BACKUP's changes are not carried over while sync goes one way.

    Raises:
        SnapshotRefused: the other side would not follow.
    """
    if propagate and not two_way and side is Side.BACKUP:
        raise SnapshotRefused(
            "MAIN cannot follow a restore of BACKUP while sync goes one way",
            hint="restore MAIN, which BACKUP follows; or restore BACKUP alone, without propagate",
        )


@dataclass(slots=True)
class Parting:
    """Whether the restore has parted the two sides. Set before the commit, which may be cut off."""

    done: bool = False


@asynccontextmanager
async def parted(main: Endpoint, reason: str, by: str) -> AsyncIterator[Parting]:
    """Have both links wait for a direction, from before a side is written to alone.

    A restore that fails before its commit, or writes nothing, takes that back. A kill leaves it: nobody knows then
    how far it came.

    Args:
        main: MAIN, which keeps such decisions.
        reason: for people, in words that end a sentence.
        by: who restores.

    Raises:
        ConnectivityError: MAIN cannot be reached.
    """
    parting = Parting()
    async with opened(main) as connection:
        linked = (await observe.node(connection)).installed
        fresh = linked and (await config.read(connection)).direction is None
        if fresh:
            await config.await_direction(connection, reason, by)
    try:
        yield parting
    finally:
        if fresh and not parting.done:
            async with opened(main) as connection:
                await config.direction_chosen(connection)
