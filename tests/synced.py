"""Two captured databases with an engine between them that a test steps by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cdc.engine import Engine
from cdc.epoch import epoch
from cdc.model import Entity, Policy, Side
from cdc.policy import PolicyRule
from cdc.session import Endpoint
from cdc.stats import Options
from tests.databases import Pair
from tests.hosts import Connection
from triggers.install import install

TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "


@dataclass(slots=True)
class Conflict:
    """A live entry of one side, its images as rows by column."""

    side: Side
    entity: str
    entity_id: str
    type: str
    status: str
    constraint: str | None
    base: dict[str, str | None] | None
    incoming: dict[str, str | None] | None
    current: dict[str, str | None] | None
    error: str | None
    reason: str | None


@dataclass(slots=True)
class Synced:
    """Both sides, and the engine between them. The connections are an application's."""

    pair: Pair
    engine: Engine
    make: Callable[[], Engine]

    @property
    def main(self) -> Connection:
        return self.pair.main

    @property
    def backup(self) -> Connection:
        return self.pair.backup

    def connection(self, side: Side) -> Connection:
        return self.pair.connection(side)

    async def reopen(self) -> None:
        """What a restart of the service does: nothing is kept but what the databases hold."""
        await self.engine.close()
        self.engine = self.make()
        await self.engine.open()

    async def settle(self) -> None:
        await self.engine.settle()

    async def rows(self, side: Side, table: str) -> list[str]:
        """Every row of a table as text, sorted; columns by name, so that their order does not count."""
        columns = await self.connection(side).fetchval(
            "SELECT string_agg(quote_ident(attname), ',' ORDER BY attname) FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
            table,
        )
        found = await self.connection(side).fetch(f"SELECT ROW({columns})::text AS row FROM {table}")
        return sorted(row["row"] for row in found)

    async def assert_equal(self, *tables: str) -> None:
        """Both sides hold the same rows."""
        for table in tables:
            assert await self.rows(Side.MAIN, table) == await self.rows(Side.BACKUP, table), table

    async def entries(self, side: Side, *statuses: str) -> list[Conflict]:
        """Entries of sync_state on one side with one of these statuses."""
        rows = await self.connection(side).fetch(
            "SELECT * FROM cdc.sync_state WHERE status = ANY ($1) ORDER BY id", list(statuses)
        )
        return [
            Conflict(
                side,
                row["entity"],
                row["entity_id"],
                row["type"],
                row["status"],
                row["constraint_name"],
                _image(row["base"]),
                _image(row["incoming"]),
                _image(row["current"]),
                row["error"],
                row["reason"],
            )
            for row in rows
        ]

    async def open_conflicts(self, side: Side | None = None) -> list[Conflict]:
        """Live entries, of both sides unless one is named; a put-off row counts too."""
        sides = [side] if side else list(Side)
        return [entry for each in sides for entry in await self.entries(each, "OPEN", "DEFERRED")]

    async def assert_no_conflicts(self) -> None:
        found = await self.open_conflicts()
        assert found == [], found

    async def applied(self, source: Side) -> int:
        """Changes of a source that the other side says it has applied."""
        total: int = await self.connection(source.other).fetchval(
            "SELECT applied_total FROM cdc.position WHERE source = $1 AND entity = ''", source
        )
        return total

    async def captured(self, source: Side) -> int:
        """Changes in a side's changelog."""
        total: int = await self.connection(source).fetchval("SELECT count(*) FROM cdc.changelog")
        return total


def _image(text: str | None) -> dict[str, str | None] | None:
    found: Any = None if text is None else json.loads(text)
    return found if isinstance(found, dict) else None


def endpoints(pair: Pair, schemas: tuple[str, ...] = ("public",)) -> tuple[Endpoint, Endpoint]:
    """Both sides of a pair as the engine sees them."""
    return Endpoint(Side.MAIN, pair.main_url, schemas), Endpoint(Side.BACKUP, pair.backup_url, schemas)


async def link_up(pair: Pair, schemas: Sequence[str] = ("public",), *, two_way: bool = True) -> None:
    """Install capture on both sides, and start both links at what is there now: both sides must be equal."""
    for side in Side:
        capture = two_way or side is Side.MAIN
        await install(pair.connection(side), side=side, schemas=schemas, capture=capture)
    for side in Side if two_way else [Side.MAIN]:
        source, target = pair.connection(side), pair.connection(side.other)
        seen = await source.fetchval("SELECT pg_current_snapshot()::text")
        await target.execute(
            "INSERT INTO cdc.position (source, epoch, seen) VALUES ($1, $2, $3::text::pg_snapshot)",
            side,
            await epoch(source),
            seen,
        )


@asynccontextmanager
async def synced(
    pair: Pair,
    schema_sql: str,
    *,
    two_way: bool = True,
    options: Options | None = None,
    policy: Callable[[Entity], Policy | PolicyRule] = lambda _: Policy.MANUAL,
    schemas: tuple[str, ...] = ("public",),
) -> AsyncIterator[Synced]:
    """Run a schema (with its rows) on both sides, capture both, and open an engine to be stepped by hand."""
    for side in Side:
        await pair.connection(side).execute(schema_sql)
    await link_up(pair, schemas, two_way=two_way)
    main, backup = endpoints(pair, schemas)

    def rule(entity: Entity) -> PolicyRule:
        found = policy(entity)
        return found if isinstance(found, PolicyRule) else PolicyRule(found)

    def make() -> Engine:
        return Engine(main, backup, two_way=two_way, options=options, policy=rule)

    found = Synced(pair, make(), make)
    await found.engine.open()
    try:
        yield found
    finally:
        await found.engine.close()
