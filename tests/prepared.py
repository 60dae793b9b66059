"""Servers whose data is a copy of what has been made once: that takes most of the time that a fresh server takes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import asyncpg

from server.embedded import Cluster
from server.embedded.account import run
from server.embedded.cluster import Start
from server.embedded.lock import exclusive
from server.embedded.place import Place, make_folder, settle

PREFIX: Final = "cdc-test-"
"""What the name of the folder begins with that a run's servers lie in."""
DATABASE: Final = "shop"
"""The empty database that they have already."""


class Prepared(Cluster):
    """A server for tests that starts with a copy of a run's empty data of its name.

    Servers of one name are copies of each other, with one system identifier: give those that meet different names.
    """

    async def start(self, within: float = 120) -> Start:
        root = next((above for above in self.folder.parents if above.name.startswith(PREFIX)), None)
        if root is not None:
            await self._copy(root / "prepared", within)
        return await super().start(within)

    async def _copy(self, shared: Path, within: float) -> None:
        place = await self._settled(self.folder)
        if place.data.exists():
            return
        programs = hashlib.sha256(f"{self._programs} {self.version}".encode()).hexdigest()[:8]
        folder = shared / programs
        make_folder(folder)
        async with exclusive(folder / f"{self.name}.making", within):
            made = await self._made(folder, within)
        copying = place.home / "copying"
        code, said = await run(place.account, "cp", "-a", made, copying, folder=place.home)
        assert code == 0, said
        copying.rename(place.data)

    async def _made(self, folder: Path, within: float) -> Path:
        """The data to be copied, of a server that has been stopped; made where it is missing."""
        place = await self._settled(folder)
        made = place.home / "made"
        if not made.exists():
            once = Cluster(
                self.name,
                folder,
                version=self.version,
                settings={**self._settings, "wal_recycle": "off", "wal_init_zero": "off"},
                elsewhere=self._elsewhere,
                programs=self._programs,
            )
            await once.start(within)
            await once.ensure_database(DATABASE)
            connection = await asyncpg.connect(once.url())
            await connection.execute("SELECT pg_switch_wal()")
            await connection.execute("CHECKPOINT")  # the log so far is gone, and need not be copied
            await connection.close()
            await once.stop(within)
            place.data.rename(made)
        return made

    async def _settled(self, folder: Path) -> Place:
        return await settle(self.name, folder, self.version, self._elsewhere, self._programs)
