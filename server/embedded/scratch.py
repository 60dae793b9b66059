"""An empty database on a server of its own that lasts for one piece of work, such as a trial restore."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cdc.model import Side
from cdc.session import Endpoint
from server.embedded.cluster import Cluster
from server.embedded.place import ELSEWHERE, settle
from server.embedded.process import is_alive, reap, running, slay

_SETTINGS: Final = {
    # Nothing of it has to outlive the work.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "10",
}
_NAME: Final = "trial"
_STOP_SECONDS: Final = 10.0
_PAUSE: Final = 0.02


@asynccontextmanager
async def scratch(
    folder: Path, schemas: tuple[str, ...] = ("public",), *, elsewhere: Path = ELSEWHERE
) -> AsyncIterator[Endpoint]:
    """Make a server with an empty database, and take both away again; also what a killed predecessor left.

    Only one at a time may use a folder.

    Args:
        folder: the data folder. Made where missing.
        schemas: those that the work is about.
        elsewhere: where its files go when the server's user cannot enter `folder`.

    Raises:
        EmbeddedServerError: it cannot be made or started.
    """
    cluster = Cluster(_NAME, folder, settings=_SETTINGS, elsewhere=elsewhere)
    home = await _clear(cluster, elsewhere)
    try:
        await cluster.start()
        try:
            await cluster.ensure_database(_NAME)
            yield Endpoint(Side.BACKUP, cluster.url(_NAME), schemas)
        finally:
            await cluster.stop(within=_STOP_SECONDS)
    finally:
        await asyncio.to_thread(_remove, home, cluster)


async def _clear(cluster: Cluster, elsewhere: Path) -> Path:
    """End and remove what is left of an earlier one. Returns where the files lie."""
    place = await settle(cluster.name, cluster.folder, cluster.version, elsewhere)
    noted = running(place.data)
    left = slay(noted.pid) if noted else []
    while any(is_alive(pid) for pid in left):
        reap()
        await asyncio.sleep(_PAUSE)
    await asyncio.to_thread(shutil.rmtree, place.home, ignore_errors=True)
    return place.home


def _remove(home: Path, cluster: Cluster) -> None:
    shutil.rmtree(home, ignore_errors=True)
    for suffix in (".log", ".location"):
        (cluster.folder / f"{cluster.name}{suffix}").unlink(missing_ok=True)
