"""Tables are altered, on one side first and then on the other, while the service runs and nobody stops writing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import asyncpg

from cdc.model import Side
from tests.databases import Pair
from tests.hosts import Connection
from tests.live import equal, running, until
from tests.synced import Synced, synced
from tests.system.alterations import ALTERATIONS, Alteration, expected, held

SQL = "".join(each.sql for each in ALTERATIONS)
TABLES = [each.table for each in ALTERATIONS]


@dataclass(slots=True)
class Application:
    """Writes to all tables of one side until it is stopped."""

    side: Side
    connection: Connection
    stop: asyncio.Event
    altered: set[str] = field(default_factory=set)
    """Tables of which it knows the new columns."""
    last_id: int = 0

    async def run(self) -> None:
        offset = [*Side].index(self.side)
        while not self.stop.is_set():
            self.last_id += 4
            ids = [100 + self.last_id + offset, 102 + self.last_id + offset]
            for each in ALTERATIONS:
                for place in range(3):
                    await self.write(each, ids, offset, place)

    async def write(self, each: Alteration, ids: list[int], offset: int, place: int) -> None:
        """Carry out one statement, in the new form if an ALTER TABLE a moment ago has made the old one wrong."""
        for altered in (each.table in self.altered, True):
            try:
                await self.connection.execute(each.writes(ids, offset, altered=altered)[place])
            except asyncpg.UndefinedColumnError as error:
                # The statement's own fault, unless it was one inside our triggers that raised.
                if altered or error.context:
                    raise
                self.altered.add(each.table)
            else:
                return


async def alter(connection: Connection, application: Application) -> None:
    for each in ALTERATIONS:
        if each.ddl:
            await connection.execute(f"ALTER TABLE {each.table} {each.ddl}")
            application.altered.add(each.table)


async def goes_on(both: Synced, applications: dict[Side, Application]) -> None:
    """Wait until what each side's application writes from now on has come across in the table that is not altered."""
    since = {side: 104 + application.last_id for side, application in applications.items()}

    async def arrived() -> bool:
        sql = "SELECT max(id) FROM untouched WHERE id % 2 = $1"
        last = {
            side: await both.connection(side.other).fetchval(sql, offset) or 0
            for offset, side in enumerate(Side)
        }
        return all(last[side] >= since[side] for side in Side)

    await until(arrived)


async def test_everything_goes_on(pair: Pair) -> None:
    async with synced(pair, SQL) as both:
        await both.settle()  # what the tables look like is noted
        async with running(both):
            await alter_under_writers(pair, both, first=Side.BACKUP)
            await equal(both, *TABLES)

            async def ended() -> bool:
                return await both.open_conflicts() == []

            await until(ended)
            await equal(both, *TABLES)


async def alter_under_writers(pair: Pair, both: Synced, *, first: Side) -> None:
    stop = asyncio.Event()
    applications = {side: Application(side, await pair.connect(side), stop) for side in Side}

    async def waiting() -> bool:
        return held(both) == expected(first)

    async def agreed() -> bool:
        return held(both) == {}

    async with asyncio.TaskGroup() as tasks:
        for application in applications.values():
            tasks.create_task(application.run())
        await goes_on(both, applications)
        await alter(both.connection(first), applications[first])
        await until(waiting)
        await goes_on(both, applications)
        await until(waiting)
        await alter(both.connection(first.other), applications[first.other])
        await until(agreed)
        await goes_on(both, applications)
        stop.set()
