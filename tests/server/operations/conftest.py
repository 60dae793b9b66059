from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cdc.model import Side
from cdc.snapshot.history import Entry, Kind
from server.databases import Databases
from server.operations.operations import Operations
from server.operations.run import Work
from server.settings import Settings
from tests.databases import Pair
from tests.synced import endpoints
from triggers.install import install

TABLE = "CREATE TABLE product (id int PRIMARY KEY, name text)"


class Some(Operations):
    """Operations of one process, which can be given any work, also in place of a backup's."""

    instead: Work | None = None

    async def start_backup(self, actor: str) -> int:
        return await (self.start(self.instead) if self.instead else super().start_backup(actor))

    async def start(self, work: Work, kind: Kind = Kind.FULL) -> int:
        return await self._start(kind, "ann", work, {"why": "test"})

    async def backup(self) -> Entry:
        """Make a full backup, or find that there is nothing new."""
        return await self.wait(await self.start_backup("ann"))


Make: TypeAlias = Callable[..., Some]


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.fixture
async def make(pair: Pair, tmp_path: Path) -> AsyncIterator[Make]:
    """Makes what a process of its own would have; ended with the test. MAIN has a product and is captured."""
    await pair.main.execute(f"{TABLE}; INSERT INTO product VALUES (1, 'chalk')")
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    made: list[Some] = []

    def one(**values: Any) -> Some:
        main, backup = endpoints(pair)
        values = {"BACKUP_DIR": str(tmp_path / "backups"), **values}
        made.append(Some(Databases(main, backup), settings(**values)))
        return made[-1]

    yield one
    for each in made:
        await each.close()
