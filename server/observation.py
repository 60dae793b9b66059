"""Both databases looked at for a status, within a few seconds whatever state they are in."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncpg

from cdc import config, observe
from cdc.clock import Clock, Offset
from cdc.errors import CdcError
from cdc.model import Side
from cdc.session import UNREACHABLE, Connection, connect
from cdc.snapshot import facts
from server import space
from server.databases import Databases
from server.shared import Shared
from server.space import Space

PATIENCE = 4.0
"""Seconds for one side to answer."""
FRESH = 0.4
"""Seconds for which one look serves all who ask."""
SPACE_SECONDS = 10.0
SPACE_PATIENCE = 1.0
"""Seconds for which a look at the disks serves, and that it may take."""

_FAILURES = (*UNREACHABLE, CdcError, asyncpg.PostgresError, asyncpg.InternalClientError)


@dataclass(slots=True)
class Observation:
    """What the databases told at one instant. Missing is what could not be read; `errors` says why."""

    nodes: dict[Side, observe.NodeFacts] = field(default_factory=dict)
    links: dict[Side, observe.LinkFacts] = field(default_factory=dict)
    changelogs: dict[Side, observe.ChangelogFacts] = field(default_factory=dict)
    errors: dict[Side, str] = field(default_factory=dict)
    open_conflicts: int | None = None
    conflicts: observe.Conflicts | None = None
    clocks: dict[Side, Offset] = field(default_factory=dict)
    """How far each server's clock is ahead of ours."""
    decisions: config.Config | None = None
    backups: facts.BackupFacts | None = None
    spaces: Mapping[str, Space] = field(default_factory=dict)
    """Room on the disks that are watched."""


class Observer:
    """Keeps a connection to each side for looking, and looks once for many who ask at a time.

    Args:
        databases: where both sides are.
        folders: whose file systems are looked at, too, by name.
    """

    def __init__(self, databases: Databases, folders: Mapping[str, Path] | None = None) -> None:
        self._databases = databases
        self._spaces = Shared(partial(asyncio.to_thread, space.read, folders or {}), SPACE_SECONDS)
        self._connections: dict[Side, Connection] = {}
        self._lock = asyncio.Lock()
        self._last = Observation()
        self._looked = 0.0
        self._clocks = {side: Clock() for side in Side}
        self._conflicts: observe.Conflicts | None = None

    @property
    def last(self) -> Observation:
        """What the last look found."""
        return self._last

    async def look(self) -> Observation:
        """Look at both databases; never raises for one that is away."""
        async with self._lock:
            if time.monotonic() - self._looked > FRESH:
                self._last = await self._look()
                self._looked = time.monotonic()
            return self._last

    async def close(self) -> None:
        """Drop the connections."""
        await self._spaces.close()
        self._disconnect()

    def _disconnect(self) -> None:
        for connection in self._connections.values():
            connection.terminate()
        self._connections.clear()

    async def _look(self) -> Observation:
        seen = Observation()
        await asyncio.gather(*(self._look_at(side, seen) for side in Side), self._look_at_disks(seen))
        installed = {side for side, node in seen.nodes.items() if node.installed}
        if installed != set(Side) or seen.errors:
            return seen
        main, backup = self._connections[Side.MAIN], self._connections[Side.BACKUP]
        try:
            async with asyncio.timeout(PATIENCE):
                seen.links[Side.MAIN] = await observe.link_status(main, backup, Side.MAIN)
                seen.links[Side.BACKUP] = await observe.link_status(backup, main, Side.BACKUP)
                self._conflicts = await observe.open_conflicts(main, backup, self._conflicts)
                seen.conflicts, seen.open_conflicts = self._conflicts, len(self._conflicts.records)
        except _FAILURES:
            self._disconnect()
        return seen

    async def _look_at(self, side: Side, seen: Observation) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                connection = self._connections.get(side)
                if connection is None or connection.is_closed():
                    connection = await connect(self._databases.endpoint(side), "status", timeout=PATIENCE)
                    self._connections[side] = connection
                seen.nodes[side] = await observe.node(connection)
                self._note_clock(side, seen)
                if seen.nodes[side].installed:
                    seen.changelogs[side] = await observe.changelog(connection)
                    if side is Side.MAIN:
                        seen.decisions = await config.read(connection)
                        seen.backups = await facts.read(connection)
        except _FAILURES as error:
            seen.errors[side] = _reason(side, error)
            stale = self._connections.pop(side, None)
            if stale is not None:
                stale.terminate()

    async def _look_at_disks(self, seen: Observation) -> None:
        """Look for room; a file system that does not answer is none of the databases' business."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(SPACE_PATIENCE):
                seen.spaces = await self._spaces.get()

    def _note_clock(self, side: Side, seen: Observation) -> None:
        clock = self._clocks[side]
        if (found := seen.nodes[side].clock) is not None:
            clock.note(found)
        if clock.offset is not None:
            seen.clocks[side] = clock.offset


def _reason(side: Side, error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"{side} did not answer within {PATIENCE:g} seconds"
    return str(error) or type(error).__name__
