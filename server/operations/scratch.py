"""A throw-away PostgreSQL server for trial restores: an embedded one, started for the time of the trial."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cdc.model import Side
from cdc.session import Endpoint
from server.embedded import Cluster

NAME: Final = "trial"
STOP_SECONDS: Final = 10.0


@asynccontextmanager
async def scratch(folder: Path, schemas: tuple[str, ...]) -> AsyncIterator[Endpoint]:
    """Give an empty database on a server of our own; both are gone afterwards.

    What a killed trial left behind is removed by the next one.

    Args:
        folder: where the server's files lie meanwhile.
        schemas: those that the snapshot's tables are in.

    Raises:
        EmbeddedServerError: the server cannot be made or does not start.
    """
    left = Cluster(NAME, folder)
    await left.start()
    await _removed(left)
    cluster = Cluster(NAME, folder, settings={"fsync": "off", "full_page_writes": "off", "autovacuum": "off"})
    await cluster.start()
    try:
        await cluster.ensure_database(NAME)
        yield Endpoint(Side.BACKUP, cluster.url(NAME), schemas)
    finally:
        await asyncio.shield(_removed(cluster))


async def _removed(cluster: Cluster) -> None:
    home = cluster.place.home
    if await cluster.stop(STOP_SECONDS):
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
