"""Thousands of conflicts at once: nothing else waits, all of them are listed once, and all are decided at once."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import psutil  # type: ignore[import-untyped]
import pytest

from cdc.bulk import Bulk
from cdc.conflicts import Filter, list_conflicts
from cdc.model import Resolution, Side
from cdc.observe import open_conflicts
from cdc.resolve import Resolver
from tests.databases import OwnServers, Pair
from tests.live import running, until
from tests.running import Shell
from tests.synced import Synced, endpoints, synced

STORM: Final = 10_000
"""More than a batch holds, so that its conflicts are met in several, and in all ways."""
PAGE: Final = 500
SCHEMA: Final = f"""
CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL, stock int NOT NULL, price int NOT NULL);
CREATE TABLE till (id int PRIMARY KEY, note text);
CREATE TABLE visitor (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), side text NOT NULL);
INSERT INTO product SELECT i, 'cue ' || i, 10, 5 FROM generate_series(1, {STORM}) i;
"""
PATIENCE: Final = 400.0
TOTAL: Final = STORM + 1_000
LEFT: Final = """
SELECT (SELECT count(*) FROM cdc.sync_state WHERE status = 'OPEN') = 0
       OR EXISTS (SELECT FROM cdc.sync_state WHERE status = 'DEFERRED')
"""
DIGEST: Final = "SELECT count(*), md5(string_agg(t::text, ',' ORDER BY id)) FROM {} t"


async def storm(both: Synced) -> None:
    """Both sides change every row of a table, to different values, and insert the same keys into another."""
    async with both.main.transaction():
        await both.main.execute("UPDATE product SET stock = 8, name = 'main ' || id WHERE id > 1000")
        await both.main.execute("DELETE FROM product WHERE id <= 1000")
        await both.main.execute("INSERT INTO till SELECT i, 'main' FROM generate_series(1, 1000) i")
    async with both.backup.transaction():
        await both.backup.execute("UPDATE product SET stock = 7, name = 'backup ' || id WHERE id > 1000")
        await both.backup.execute("UPDATE product SET price = 6 WHERE id <= 1000")
        await both.backup.execute("INSERT INTO till SELECT i, 'backup' FROM generate_series(1, 1000) i")


@dataclass(slots=True)
class Visitors:
    """Applications whose rows have nothing to do with the storm: each is written once the one before has arrived.

    `arrived` counts those that came and were over within one phase of the storm.
    """

    pair: Pair
    phase: str = "before"
    arrived: Counter[tuple[Side, str]] = field(default_factory=Counter)
    last: dict[Side, object] = field(default_factory=dict)

    async def visit(self, side: Side) -> None:
        here, there = await self.pair.connect(side), await self.pair.connect(side.other)
        for number in itertools.count(STORM + 1):
            phase = self.phase
            table, values = ("till", f"{number * 2 + (side is Side.MAIN)}, 'x'")
            if number % 2:
                table, values = "visitor", f"gen_random_uuid(), '{side}'"
            key = await here.fetchval(f"INSERT INTO {table} VALUES ({values}) RETURNING id")

            async def came(table: str = table, key: object = key) -> bool:
                return bool(await there.fetchval(f"SELECT count(*) FROM {table} WHERE id = $1", key))

            await until(came, PATIENCE)
            if phase == self.phase:
                self.arrived[side, phase] += 1

    async def have_come(self, phase: str) -> None:
        """Wait until one has come from either side within a phase."""

        async def both() -> bool:
            return all(self.arrived[side, phase] for side in Side)

        await until(both, PATIENCE)


@asynccontextmanager
async def visiting(pair: Pair) -> AsyncIterator[Visitors]:
    visitors = Visitors(pair)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(visitors.visit(side)) for side in Side]
        yield visitors
        for task in tasks:
            task.cancel()


async def open_records(both: Synced) -> Mapping[tuple[str, str], str]:
    """The open conflicts as status reads them: type by record."""
    return (await open_conflicts(both.main, both.backup)).records


async def grouped(both: Synced) -> Counter[tuple[str, str]]:
    """The open conflicts as status counts them."""
    return Counter((entity, kind) for (entity, _), kind in (await open_records(both)).items())


@pytest.mark.timeout(900)
async def test_ten_thousand_conflicts_at_once(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        async with running(both), visiting(pair) as visitors:
            visitors.phase = "detected"
            await storm(both)

            async def all_met() -> bool:
                left = [await both.connection(side).fetchval(LEFT) for side in Side]
                return not any(left) and len(await open_records(both)) == TOTAL

            await until(all_met, PATIENCE)
            # The storm is met in batches; rows written while it was came through between them.
            assert all(visitors.arrived[side, "detected"] for side in Side)

            visitors.phase = "listed"
            found: Counter[tuple[str, str]] = Counter()
            kinds: Counter[tuple[str, str]] = Counter()
            after = None
            while True:
                page, after = await list_conflicts(both.main, both.backup, limit=PAGE, after=after)
                found.update((each.entity, each.entity_id) for each in page)
                kinds.update((each.entity, each.type) for each in page)
                if after is None:
                    break
            assert found == Counter((await open_records(both)).keys())
            assert kinds["product", "UPDATE_ORIGIN_DIFFERS"] == STORM - 1_000
            assert kinds["product", "UPDATE_MISSING"] + kinds["product", "DELETE_ORIGIN_DIFFERS"] == 1_000
            assert kinds["till", "INSERT_EXISTS"] == 1_000
            assert kinds.total() == TOTAL
            assert await grouped(both) == kinds

            visitors.phase = "decided"
            async with Resolver(*endpoints(pair)) as resolver:
                done = await resolver.resolve_many(Filter(entity="till"), Resolution.BACKUP, by="ann")
                assert (done.resolved, done.refused) == (1_000, {})
                process, most = psutil.Process(), 0
                before = process.memory_info().rss

                def look(_: Bulk) -> None:
                    nonlocal most
                    most = max(most, process.memory_info().rss - before)

                done = await resolver.resolve_many(
                    Filter(entity="product"), Resolution.MAIN, by="ann", progress=look
                )
                assert (done.resolved, done.refused) == (STORM, {})
                # All of them in memory would be more than 4 KiB each.
                assert most < STORM * 1024
            await visitors.have_come("decided")
        await both.reopen()
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("product", "till", "visitor")
        assert await both.backup.fetchval("SELECT count(*) FROM product") == STORM - 1_000
        await every_version_is_readable(both)


async def every_version_is_readable(both: Synced) -> None:
    """What BACKUP had of products and MAIN of the till is nowhere but in the decided conflicts: in all of them."""
    for connection, image in ((both.backup, "current"), (both.main, "incoming")):
        lost = await connection.fetchval(
            f"SELECT count(DISTINCT entity_id) FROM cdc.sync_state WHERE entity = 'product' AND status = 'RESOLVED'"
            f" AND ({image} ->> 'name' = 'backup ' || entity_id OR {image} ->> 'price' = '6')"
        )
        assert lost == STORM
    for connection, image in ((both.main, "current"), (both.backup, "incoming")):
        lost = await connection.fetchval(
            f"SELECT count(DISTINCT entity_id) FROM cdc.sync_state WHERE entity = 'till' AND status = 'RESOLVED'"
            f" AND {image} ->> 'note' = 'main'"
        )
        assert lost == 1_000


@pytest.mark.timeout(900)
async def test_thousands_of_refused_rows(pair: Pair) -> None:
    """Found by ones, put off by thousands: rows that have nothing to do with them come through all the while."""
    async with synced(pair, SCHEMA) as both:
        await both.backup.execute("ALTER TABLE product ADD CHECK (stock < 100), ADD UNIQUE (name)")
        await both.backup.execute("UPDATE product SET name = 'new ' || id - 5000 WHERE id > 9000")
        async with running(both), visiting(pair) as visitors:
            visitors.phase = "refused"
            await both.main.execute("UPDATE product SET stock = 100 WHERE id <= 2000")
            await both.main.execute("UPDATE product SET name = 'new ' || id WHERE id BETWEEN 4001 AND 4500")
            await visitors.have_come("refused")

            async def all_shown() -> bool:
                return bool(await both.backup.fetchval(LEFT.replace("= 0", "< 2500"))) is False

            await until(all_shown, PATIENCE)
            kinds = await grouped(both)
            assert kinds == {("product", "REJECTED"): 2_000, ("product", "UNIQUE_VIOLATION"): 500}
            visitors.phase = "allowed"
            await both.backup.execute("ALTER TABLE product DROP CONSTRAINT product_stock_check")
            await both.backup.execute("ALTER TABLE product DROP CONSTRAINT product_name_key")

            async def none_left() -> bool:
                return not await both.backup.fetchval(
                    "SELECT count(*) FROM cdc.sync_state WHERE status = 'OPEN'"
                )

            await until(none_left, PATIENCE)
            await visitors.have_come("allowed")
        await both.reopen()
        await both.settle()
        await both.assert_no_conflicts()
        assert await both.backup.fetchval("SELECT count(*) FROM product WHERE stock = 100") == 2_000
        assert await both.backup.fetchval("SELECT count(*) FROM product WHERE name = 'new ' || id") == 500
        await both.assert_equal("till", "visitor")


@pytest.mark.timeout(900)
async def test_the_service_and_the_command_line(own_servers: OwnServers, tmp_path: Path) -> None:
    sides = {side: await asyncpg.connect(own_servers.url(side)) for side in Side}
    try:
        await sides[Side.MAIN].execute(SCHEMA)
        urls = {
            "DATABASE_URL": own_servers.url(Side.MAIN),
            "BACKUP_DATABASE_URL": own_servers.url(Side.BACKUP),
        }
        shell = Shell(tmp_path, urls)
        async with shell.service() as service:
            await service.streaming()
            await asyncio.gather(
                *(
                    connection.execute("UPDATE product SET name = $1 || id", f"{side} ")
                    for side, connection in sides.items()
                )
            )

            async def counted(number: int) -> None:
                async def told() -> bool:
                    return bool((await service.status())["openConflicts"] == number)

                await until(told, PATIENCE)

            await counted(STORM)
            done = await shell("resolve", "--all", "product", "BACKUP", "--yes", "--json")
            assert done.json == {"resolved": STORM, "refused": []}
            await sides[Side.MAIN].execute("INSERT INTO visitor (side) VALUES ('MAIN')")

            async def equal() -> bool:
                both = [
                    [tuple(*await each.fetch(DIGEST.format(table))) for table in ("product", "visitor")]
                    for each in sides.values()
                ]
                return both[0] == both[1]

            await until(equal, PATIENCE)
            await counted(0)
            assert await service.end() == 0
        count = "SELECT count(*) FROM product WHERE name = 'BACKUP ' || id"
        assert await sides[Side.MAIN].fetchval(count) == STORM
    finally:
        for connection in sides.values():
            await connection.close()
