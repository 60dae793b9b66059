"""What happens to databases: copies put back, standbys promoted, dumps restored."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from cdc.engine import Engine
from cdc.first_contact import first_contact, resync
from cdc.model import Side
from cdc.session import Endpoint
from server.embedded import Cluster, binaries
from server.embedded.account import run
from tests.databases import OwnServers, make_cluster
from tests.hosts import Connection
from tests.running import Ended, Shell

TABLES = """
CREATE TABLE item (id int PRIMARY KEY, name text NOT NULL, count int NOT NULL DEFAULT 0);
CREATE TABLE log (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), item int REFERENCES item, at timestamptz);
INSERT INTO item SELECT i, 'item ' || i FROM generate_series(1, 20) i;
"""


@dataclass(slots=True)
class Twins:
    """Two databases kept as one by an engine that a test steps by hand, on servers that it may break."""

    servers: OwnServers
    shell: Shell
    urls: dict[Side, str]
    engine: Engine | None = None
    _connections: list[Connection] = field(default_factory=list)

    def endpoint(self, side: Side) -> Endpoint:
        return Endpoint(side, self.urls[side])

    async def link(self) -> None:
        """First contact, and an open engine."""
        await first_contact(self.endpoint(Side.MAIN), self.endpoint(Side.BACKUP), None, lambda *_: None)
        await self.open()

    async def open(self) -> Engine:
        """What a restart of the service does."""
        await self.close()
        self.engine = Engine(self.endpoint(Side.MAIN), self.endpoint(Side.BACKUP))
        await self.engine.open()
        return self.engine

    async def close(self) -> None:
        if self.engine is not None:
            await self.engine.close()
            self.engine = None

    async def settle(self) -> None:
        await (self.engine or await self.open()).settle()

    async def execute(self, side: Side, *statements: str) -> None:
        """Each statement in a transaction of its own."""
        connection = await asyncpg.connect(self.urls[side])
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def fetchval(self, side: Side, query: str) -> object:
        connection = await asyncpg.connect(self.urls[side])
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    async def rows(self, side: Side) -> list[str]:
        """All rows of both tables."""
        connection = await asyncpg.connect(self.urls[side])
        try:
            found = await connection.fetch(
                "SELECT 'item ' || (i.*)::text AS row FROM item i UNION ALL SELECT 'log ' || (l.*)::text FROM log l"
            )
        finally:
            await connection.close()
        return sorted(row["row"] for row in found)

    async def assert_equal(self) -> list[str]:
        main, backup = await self.rows(Side.MAIN), await self.rows(Side.BACKUP)
        assert main == backup
        for side in Side:
            live = "SELECT count(*) FROM cdc.sync_state WHERE status IN ('OPEN', 'DEFERRED')"
            assert await self.fetchval(side, live) == 0
        return main

    async def write(self, side: Side, name: str, times: int = 3) -> None:
        """Some transactions: each changes the one item and logs it."""
        number = 1 if side is Side.MAIN else 2
        work = (
            f"UPDATE item SET name = '{name}', count = count + 1 WHERE id = {number};"
            f"INSERT INTO log (item, at) VALUES ({number}, now())"
        )
        await self.execute(side, *[work] * times)

    async def resync(self, side: Side) -> None:
        """What the command does once it has read its settings."""
        await self.close()
        await resync(
            self.endpoint(Side.MAIN), self.endpoint(Side.BACKUP), side, lambda *_: None, two_way=True
        )

    async def resync_by_command(self, side: Side) -> Ended:
        """The command, as a person gives it."""
        await self.close()
        urls = {"DATABASE_URL": self.urls[Side.MAIN], "BACKUP_DATABASE_URL": self.urls[Side.BACKUP]}
        return await self.shell("resync", side, "--yes", **urls)


async def shut(cluster: Cluster, *, cleanly: bool) -> None:
    """Stop a server, or cut its power."""
    if cleanly:
        await cluster.stop()
    else:
        await cluster.kill()


async def copy_data(cluster: Cluster, *, cleanly: bool = True) -> Path:
    """Copy a server's data directory while it is down, and start it again: a backup, or a volume's snapshot."""
    await shut(cluster, cleanly=cleanly)
    copy = cluster.place.home / "copy"
    await _run("cp", "-a", str(cluster.place.data), str(copy))
    await cluster.start()
    return copy


async def put_back(cluster: Cluster, copy: Path, *, cleanly: bool = True) -> None:
    """Replace a server's data by an earlier copy of them."""
    await shut(cluster, cleanly=cleanly)
    await _run("rm", "-r", str(cluster.place.data))
    await _run("mv", str(copy), str(cluster.place.data))
    await cluster.start()


async def standby_of(cluster: Cluster, folder: Path) -> Cluster:
    """A physical standby that streams from a server, ready to be read from."""
    return await _beside(cluster, make_cluster("standby", folder), "-R")


async def copy_of(cluster: Cluster, folder: Path) -> Cluster:
    """A server on a copy of a running one's files, which knows nothing of the other."""
    return await _beside(cluster, make_cluster("copy", folder))


async def _beside(cluster: Cluster, other: Cluster, *options: str) -> Cluster:
    await other.start()  # makes its folders
    await other.kill()
    place, socket = other.place, cluster.place.socket
    await _run("rm", "-r", str(place.data))
    at = f"host={socket} port=5432 user=postgres"
    program = binaries(cluster.version).program("pg_basebackup")
    code, said = await run(
        place.account,
        program,
        "-D",
        place.data,
        "-d",
        at,
        *options,
        "-X",
        "stream",
        "-c",
        "fast",
        folder=place.home,
    )
    assert code == 0, said
    settings = f"-c listen_addresses='' -c unix_socket_directories={place.socket} -c fsync=off"
    start = ("-w", "-D", place.data, "-o", settings, "-l", place.home / "beside.log", "start")
    code, said = await run(
        place.account, binaries(cluster.version).program("pg_ctl"), *start, folder=place.home
    )
    assert code == 0, said
    return other


async def dump(url: str, file: Path) -> None:
    """Everything of a database, schema cdc too, as people do it."""
    await _run(str(binaries().pg_dump), "--format=custom", f"--file={file}", url)


async def restore(file: Path, url: str, *options: str) -> None:
    await _run(str(binaries().pg_restore), "--exit-on-error", *options, f"--dbname={url}", str(file))


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, f"{command[0]}: {out.decode()}"
