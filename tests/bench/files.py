"""A database written to a file and made anew from it: by us, and by pg_dump -Fc and pg_restore -j1.

Both read one database on MAIN's server, and each fills an empty one on BACKUP's. Ours runs in a process of its
own, whose memory is looked at; its clock begins when everything is loaded, as in the service.
"""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import sys
import time
from pathlib import Path

from cdc.model import Side
from cdc.session import Endpoint
from cdc.snapshot.restore import restore
from cdc.snapshot.store import open_store
from cdc.snapshot.writer import write_snapshot
from server.embedded.binaries import binaries
from tests.bench.rig import Servers, connected
from tests.bench.sizes import Sizes
from tests.bench.subject import Subject

_DATABASE = "bench_files"
_TARGET = "bench_restored"
_PROJECT = Path(__file__).parent.parent.parent
_MIB = 1024


class Files(Subject):
    """One large database, and a folder for files of it."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        super().__init__(servers)
        self._folder = folder / self.name

    @property
    def main(self) -> str:
        return self._servers.main.url(_DATABASE)

    @property
    def backup(self) -> str:
        return self._servers.backup.url(_TARGET)

    async def prepare(self, sizes: Sizes) -> None:
        """Seed the database, unless another subject has."""
        await self._servers.main.ensure_database(_DATABASE)
        async with connected(self.main) as [connection]:
            if await connection.fetchval("SELECT to_regclass('public.accounts')") is None:
                await self._seed(self._servers.main, self.main, sizes.snapshot_rows)

    async def emptied(self) -> None:
        """Make BACKUP's database anew, and bring the servers to rest."""
        async with connected(self._servers.backup.url("postgres")) as [connection]:
            await connection.execute(f'DROP DATABASE IF EXISTS "{_TARGET}" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "{_TARGET}"')
            await connection.execute("CHECKPOINT")

    async def measure(self) -> dict[str, float]:
        """Write a file, restore it, compare; the values that come of it."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        await self.emptied()
        values = await self._measure()
        async with connected(self.main, self.backup) as [main, backup]:
            count = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM public.accounts t"
            if tuple(await main.fetchrow(count)) != tuple(await backup.fetchrow(count)):
                raise RuntimeError(f"{self.name} did not restore what it wrote")
        return values

    async def _measure(self) -> dict[str, float]:
        raise NotImplementedError


class Snapshots(Files):
    """Ours: read back and checked before it counts, and again before it is restored."""

    name = "snapshot"

    async def _measure(self) -> dict[str, float]:
        out = await _run(sys.executable, "-m", "tests.bench.files", self.main, self.backup, str(self._folder))
        values: dict[str, float] = json.loads(out)
        return values


class PgDump(Files):
    """PostgreSQL's own."""

    name = "pg_dump"

    async def _measure(self) -> dict[str, float]:
        file = self._folder / "dump"
        programs = binaries()
        begun = time.perf_counter()
        await _run(str(programs.pg_dump), "--format=custom", f"--file={file}", self.main)
        written = time.perf_counter()
        await _run(str(programs.pg_restore), "--jobs=1", f"--dbname={self.backup}", str(file))
        restored = time.perf_counter()
        return {
            "snapshot seconds": written - begun,
            "restore seconds": restored - written,
            "snapshot size": file.stat().st_size / _MIB / _MIB,
        }


async def _run(*command: str) -> bytes:
    process = await asyncio.create_subprocess_exec(*command, cwd=_PROJECT, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed")
    return out


async def main(source: str, target: str, folder: str) -> None:
    """Write and restore a snapshot, and print what it took."""
    store = open_store(folder)
    here, there = Endpoint(Side.MAIN, source), Endpoint(Side.BACKUP, target)
    begun = time.perf_counter()
    written = await write_snapshot(here, store, kind="FULL")
    wrote = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    again = time.perf_counter()
    await restore(store, written.name, there, here, propagate=False, by="bench")
    values = {
        "snapshot seconds": wrote - begun,
        "restore seconds": time.perf_counter() - again,
        "snapshot size": written.size_bytes / _MIB / _MIB,
        "snapshot memory": memory / _MIB,
        "restore memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB,
    }
    print(json.dumps(values))  # noqa: T201 - the other process reads it


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
