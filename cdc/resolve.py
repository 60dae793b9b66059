"""Carries out a decision on a conflict: one row wins, the other is overwritten, both versions stay readable.

Both sides' positions are locked first, so that no link applies anything meanwhile; then both rows, so that no
application changes them. The side that is written commits first. If the process dies before the other
commits, the rows are equal all the same, and the comparison that both sides have on their lists closes the entry.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

import asyncpg

from cdc import records
from cdc.applier import Applier, splits
from cdc.change import Change
from cdc.errors import ConflictMoved, ConflictNotFound, ConnectivityError, ResolutionRefused
from cdc.images import split_key, to_image, to_text
from cdc.model import Image, Op, Policy, Side
from cdc.pairing import Pair
from cdc.reader import Reader
from cdc.references import ReferenceBroken
from cdc.session import Connection, Endpoint, connect
from cdc.target import Target, lock_position
from triggers.statements import statement

LOCK_TIMEOUT_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Decision:
    """Which side's row of a record wins, by whom and why; `version` is that of the conflict they looked at."""

    entity: str
    entity_id: str
    winner: Side
    by: str
    version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A record's rows under lock, and what each side had done by then."""

    images: dict[Side, Image | None]
    seen: dict[Side, str]
    same: bool


class Resolver:
    """Resolves conflicts over sessions of its own; works beside a running service and without one."""

    def __init__(self, main: Endpoint, backup: Endpoint) -> None:
        """Take both endpoints; use as `async with`."""
        self._endpoints = {Side.MAIN: main, Side.BACKUP: backup}
        self._targets: dict[Side, Target] = {}
        self._readers: dict[Side, Reader] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Connect to both sides.

        Raises:
            ConnectivityError: a side cannot be reached.
        """
        for side, endpoint in self._endpoints.items():
            connection = await connect(endpoint, "resolver")
            self._stack.callback(connection.terminate)
            self._targets[side] = Target(connection, endpoint.schemas)
            await self._targets[side].prepare()
            await connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
            self._readers[side] = Reader(connection)
            await self._readers[side].read_tables()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Drop both sessions; what was not committed is rolled back."""
        await self._stack.aclose()

    async def resolve(self, decision: Decision) -> Image | None:
        """Carry out a decision. Returns the row that both sides now hold, None when it is deleted.

        Raises:
            ConflictNotFound: the record has no open conflict.
            ConflictMoved: it is not the version that was looked at, or a row is locked by an application.
            ResolutionRefused: the losing side cannot hold the winning row.
        """
        pair = self._pair(decision)
        for side in Side:  # types are made before the transactions begin
            await pair.mapping(self._targets[side], self._targets[side.other])
        loser = decision.winner.other
        connections = {side: target.connection for side, target in self._targets.items()}
        try:
            async with connections[decision.winner].transaction(), connections[loser].transaction():
                await self._decide(pair, decision)
        except asyncpg.LockNotAvailableError as error:
            raise ConflictMoved(
                f"{decision.entity} {decision.entity_id} is being changed right now",
                hint="look at it again in a moment",
            ) from error
        except (asyncpg.PostgresError, ReferenceBroken) as error:
            if not splits(error):
                raise
            raise ResolutionRefused(
                f"{loser} cannot hold {decision.winner}'s row: {error}",
                hint="resolve the record that stands in the way first, or choose the other side",
            ) from error
        return (await pair.read(decision.entity_id))[0].image

    def _pair(self, decision: Decision) -> Pair:
        for side in Side:
            number = self._readers[side].number(decision.entity)
            table = self._readers[side].known(number) if number is not None else None
            if table is not None:
                main, backup = self._targets[Side.MAIN], self._targets[Side.BACKUP]
                return Pair(table.entity, table.key_columns, main, backup)
        raise ConflictNotFound(
            f"no table {decision.entity} is synced", hint="`cdc conflicts` lists what can be resolved"
        )

    async def _decide(self, pair: Pair, decision: Decision) -> None:
        for side in Side:
            target = self._targets[side]
            if (
                await lock_position(target.connection, side.other, target.role) is None
                and side is Side.BACKUP
            ):
                raise ConnectivityError("BACKUP has no position yet", hint="run `cdc run` first")
        entries = await self._live(decision)
        kind = next(entry["type"] for entry in entries.values() if entry is not None)
        rows = await self._lock_rows(pair, decision)
        if not rows.same:
            await self._write(pair, decision, rows)
        for side in Side:
            connection = self._targets[side].connection
            await connection.execute(
                statement("sync_state_resolve", "cdc"),
                side.other,
                decision.entity,
                decision.entity_id,
                kind,
                records.dump(rows.images[side.other]),
                records.dump(rows.images[side]),
                decision.winner,
                decision.by,
                decision.reason,
                rows.seen[side.other],
            )
            await records.recheck(connection, pair.entity, [decision.entity_id], "resolved")

    async def _live(self, decision: Decision) -> dict[Side, asyncpg.Record | None]:
        entries = {
            side: await self._targets[side].connection.fetchrow(
                statement("sync_state_live", "cdc"), decision.entity, decision.entity_id
            )
            for side in Side
        }
        found = [entry for entry in entries.values() if entry is not None]
        if not found:
            raise ConflictNotFound(
                f"{decision.entity} {decision.entity_id} has no open conflict",
                hint="`cdc conflicts` lists the open ones",
            )
        version = sum(entry["version"] for entry in found)
        if decision.version is not None and decision.version != version:
            raise ConflictMoved(
                f"{decision.entity} {decision.entity_id} changed since you looked (version {version} now)",
                hint="look at its new state and decide again",
            )
        return entries

    async def _lock_rows(self, pair: Pair, decision: Decision) -> Rows:
        images: dict[Side, Image | None] = {}
        common: dict[Side, str | None] = {}
        seen: dict[Side, str] = {}
        for side in Side:
            target = self._targets[side]
            mapping = target.mapped(pair.entity, self._targets[side.other].own_columns(pair.entity))
            key = split_key(decision.entity_id, len(pair.key))
            row = await target.connection.fetchrow(mapping.row_lock, key)
            images[side] = to_image(target.own_columns(pair.entity), row["current"] if row else None)
            common[side] = row["common"] if row else None
        for side in Side:
            # Taken under the rows' locks: whatever was done to them before is visible in it.
            seen[side] = await _seen(self._targets[side].connection)
        return Rows(images, seen, common[Side.MAIN] == common[Side.BACKUP])

    async def _write(self, pair: Pair, decision: Decision, rows: Rows) -> None:
        """Give the loser the winner's row, foreign keys checked as for any change."""
        winner, loser = decision.winner, decision.winner.other
        reader = self._readers[winner]
        columns = self._targets[winner].own_columns(pair.entity)
        number = reader.number(decision.entity)
        if number is None:
            raise ConflictNotFound(f"{decision.entity} is not captured on {winner}")
        old, new = to_text(columns, rows.images[loser]), to_text(columns, rows.images[winner])
        op = Op.DELETE if new is None else Op.INSERT if old is None else Op.UPDATE
        change = Change(0, 0, datetime.now(UTC), number, op, columns, old, new)
        applier = Applier(self._targets[loser], winner, reader, lambda _: Policy.MANUAL)
        async with applier.careful():  # the rows are locked
            outcome = await applier.apply_changes([change], ignore_live=True)
        if outcome.conflicts or outcome.deferred:
            raise ConflictMoved(
                f"{decision.entity} {decision.entity_id} changed on {loser} meanwhile",
                hint="look at its new state and decide again",
            )


async def _seen(connection: Connection) -> str:
    text: str = await connection.fetchval("SELECT pg_current_snapshot()::text")
    return text
