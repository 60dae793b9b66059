"""Fresh databases and roles on the test servers, for the fixtures in conftest.py."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import asyncpg
import psutil  # type: ignore[import-untyped]

from cdc.model import Side
from cdc.twin import on_both
from server.embedded import Cluster
from tests.hosts import Connection, Host, Login
from triggers.identifiers import identifier
from triggers.locks import transaction
from triggers.schema import ensure_schema

# Nothing here has to survive a power cut.
SETTINGS = {
    "dynamic_shared_memory_type": "mmap",  # in the folder, and gone with it: a server that is killed leaves it
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "max_wal_size": "256MB",
    "shared_buffers": "64MB",
    "wal_init_zero": "off",
}
MEMORY: Final = "/dev/shm"  # noqa: S108  a folder of our own is made in it
ROOM: Final = 12 << 30
_numbers = itertools.count(1)


def servers_parent() -> str | None:
    """Where the servers' folders go: into memory where there is plenty of it, else None, the usual place.

    Half the work of a test's fresh databases is the disk's: some hundred small files are made and removed each time.
    """
    try:
        memory = os.statvfs(MEMORY)
    except OSError:
        return None
    room = min(memory.f_bavail * memory.f_frsize, psutil.virtual_memory().available)
    usable = os.access(MEMORY, os.W_OK | os.X_OK) and not memory.f_flag & os.ST_NOEXEC
    return MEMORY if usable and room >= ROOM else None


def make_cluster(name: str, folder: Path, kind: type[Cluster] = Cluster, **settings: str) -> Cluster:
    """A server for tests: quick rather than safe. `name` is a side's; conftest.py says how to choose versions."""
    version = int(os.environ.get("CDC_TEST_POSTGRES", "18"))
    named = os.environ.get(f"CDC_TEST_{name.upper()}_BIN") or os.environ.get("CDC_TEST_POSTGRES_BIN")
    return kind(
        name,
        folder,
        version=version,
        settings=SETTINGS | settings,
        elsewhere=folder / "elsewhere",
        programs=Path(named) if named else None,
    )


@dataclass(frozen=True, slots=True)
class Servers:
    """MAIN's and BACKUP's server, with the databases that pairs are copied from. `prefix` begins their names."""

    main: Host
    backup: Host
    prefix: str
    templates: dict[tuple[Login | None, bool], str] = field(default_factory=dict)
    logins: dict[str, Login] = field(default_factory=dict)
    """Roles that databases belong to, by what they are for: each is made once."""

    async def template(self, owner: Login | None = None, *, ready: bool = False) -> str:
        """The database that such pairs are copied from, made when it is asked for first.

        What the first session of a database has to find out is copied with its files.

        Args:
            owner: who is to own what is in it; None: the servers' administrator.
            ready: with schema cdc in it, as an installation makes it that finds no tables, and no side's yet.
        """
        key = owner if ready else None, ready
        if key not in self.templates:
            empty = await self.template() if ready else "template0"
            name = f"{self.prefix}_{len(self.templates)}"
            if ready:
                await on_both(lambda side: self.host(side).copy_database(empty, name, owner))
            else:
                await self.execute(f"CREATE DATABASE {identifier(name)} TEMPLATE {empty} ENCODING 'UTF8'")
            await on_both(lambda side: _warm(self.host(side).url(name, owner), side if ready else None))
            self.templates[key] = name
        return self.templates[key]

    async def clear(self) -> None:
        """Remove what pairs were copied from, and their owners."""
        for name in self.templates.values():
            await self.execute(f"DROP DATABASE {identifier(name)} WITH (FORCE)")
        for login in self.logins.values():
            await self.execute(
                f"DROP OWNED BY {identifier(login.name)}", f"DROP ROLE {identifier(login.name)}"
            )

    async def make_login(self) -> Login:
        """Make a role on both servers that may do nothing but log in."""
        login = Login(f"cdc_test_role_{os.getpid()}_{next(_numbers)}", secrets.token_hex(8))
        await self.execute(f"CREATE ROLE {identifier(login.name)} LOGIN PASSWORD '{login.password}'")
        return login

    def host(self, side: Side) -> Host:
        return self.main if side is Side.MAIN else self.backup

    async def execute(self, *statements: str) -> None:
        """Run the same statements on both servers at once."""
        await asyncio.gather(self.main.execute(*statements), self.backup.execute(*statements))


async def _warm(url: str, side: Side | None) -> None:
    """Open a template's first session; with a side, make schema cdc there, and leave open which side it is."""
    connection = await asyncpg.connect(url)
    try:
        if side is not None:
            async with transaction(connection):
                await ensure_schema(connection, side)
                await connection.execute("DELETE FROM cdc.node")
    finally:
        await connection.close()


@dataclass(slots=True)
class Pair:
    """Two fresh databases, one on each server, and a connection to each. Use as `async with`.

    `owner` is the role that owns them and that the connections and URLs belong to; None: the
    servers' administrator.
    """

    servers: Servers
    owner: Login | None = None
    ready: bool = False
    """Whether schema cdc is there already, see `Servers.template`."""
    name: str = ""
    main: Connection = field(init=False)
    backup: Connection = field(init=False)
    _connections: list[Connection] = field(default_factory=list)
    _logins: list[Login] = field(default_factory=list)

    @property
    def main_url(self) -> str:
        return self.url(Side.MAIN)

    @property
    def backup_url(self) -> str:
        return self.url(Side.BACKUP)

    def url(self, side: Side, login: Login | None = None) -> str:
        """One side's URL, as the owner or as a role made by `add_login`."""
        return self.servers.host(side).url(self.name, login or self.owner)

    def connection(self, side: Side) -> Connection:
        """One side's ready connection: `main` or `backup`."""
        return self.main if side is Side.MAIN else self.backup

    async def connect(self, side: Side, login: Login | None = None) -> Connection:
        """Open one more connection; it is closed with the pair."""
        connection = await asyncpg.connect(self.url(side, login))
        self._connections.append(connection)
        return connection

    async def administer(self, side: Side, sql: str) -> None:
        """Run SQL in one side's database as the server's administrator."""
        connection = await asyncpg.connect(self.servers.host(side).url(self.name))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def add_login(self) -> Login:
        """Make a role as `Servers.make_login` does; it is dropped with the pair."""
        login = await self.servers.make_login()
        self._logins.append(login)
        return login

    async def __aenter__(self) -> Self:
        self.name = f"cdc_test_{os.getpid()}_{next(_numbers)}"
        template = await self.servers.template(self.owner, ready=self.ready)
        await on_both(lambda side: self.servers.host(side).copy_database(template, self.name, self.owner))
        self.main, self.backup = await asyncio.gather(self.connect(Side.MAIN), self.connect(Side.BACKUP))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._connections:
            connection.terminate()
        drops = [f"DROP ROLE IF EXISTS {identifier(login.name)}" for login in self._logins]
        await self.servers.execute(f"DROP DATABASE IF EXISTS {identifier(self.name)} WITH (FORCE)", *drops)


@dataclass(frozen=True, slots=True)
class OwnServers:
    """Two servers for one test, which may kill, stop and start them as it likes."""

    main: Cluster
    backup: Cluster
    user: str
    """The role that the URLs belong to."""

    def cluster(self, side: Side) -> Cluster:
        return self.main if side is Side.MAIN else self.backup

    def url(self, side: Side, database: str = "shop") -> str:
        """One side's URL. Databases `shop` exist on both."""
        return self.cluster(side).url(database, self.user)

    async def administer(self, side: Side, *statements: str) -> None:
        """Run statements as the administrator, each in a transaction of its own at most."""
        connection = await asyncpg.connect(self.cluster(side).url())
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def make_database(self, side: Side, name: str, template: str = "template1") -> None:
        """Make a database that belongs to the role of the URLs."""
        owner = identifier(self.user)
        await self.administer(side, f"CREATE DATABASE {identifier(name)} TEMPLATE {template} OWNER {owner}")
