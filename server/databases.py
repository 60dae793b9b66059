"""The two databases: those that the user named, or the embedded ones in the data folder."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from cdc import observe
from cdc.errors import ConfigurationError, InstallRefused
from cdc.model import Side
from cdc.session import Connection, Endpoint, connect
from cdc.twin import on_both
from server.embedded import Cluster, Start, keep
from server.settings import Settings
from triggers.statements import statement

DATA_FOLDER = Path(".data")
DEMO_DATABASE = "shop"
STOP_SECONDS = 3.0

_log = structlog.get_logger(__name__)


class SameDatabaseError(ConfigurationError):
    """Both URLs lead to one database."""


@dataclass(frozen=True, slots=True)
class Databases:
    """Where both sides are. `embedded` says that the servers are our own."""

    main: Endpoint
    backup: Endpoint
    embedded: bool = False
    notes: tuple[str, ...] = ()

    def endpoint(self, side: Side) -> Endpoint:
        """Return the endpoint of a side."""
        return self.main if side is Side.MAIN else self.backup


@asynccontextmanager
async def opened(settings: Settings, *, create: bool = False) -> AsyncIterator[Databases]:
    """Find the two databases; embedded servers run for as long as somebody uses them.

    Args:
        settings: valid ones.
        create: make the embedded servers where there are none yet, as `cdc run` does.

    Raises:
        ConfigurationError: no database is named and there are no embedded ones.
        EmbeddedServerError: an embedded server cannot be made or started.
    """
    main, backup = settings.main_url, settings.backup_url
    if main and backup:
        yield Databases(
            Endpoint(Side.MAIN, main.dsn, main.schemas), Endpoint(Side.BACKUP, backup.dsn, backup.schemas)
        )
        return
    folder, exists = await asyncio.to_thread(_data_folder)
    if not create and not exists:
        raise ConfigurationError(
            "DATABASE_URL and BACKUP_DATABASE_URL are not set, and there are no embedded databases here",
            hint="Set both, or make the demo's with `cdc run`; run commands in the folder it was started in.",
        )
    async with _embedded(folder, kept=create) as databases:
        yield databases


@asynccontextmanager
async def _embedded(folder: Path, *, kept: bool) -> AsyncIterator[Databases]:
    """Run the embedded servers; `kept`: one that dies meanwhile is started again."""
    clusters = {side: Cluster(side.lower(), folder) for side in Side}
    starts = await asyncio.gather(*(each.start() for each in clusters.values()), return_exceptions=True)
    started = [
        each for each, start in zip(clusters.values(), starts, strict=True) if isinstance(start, Start)
    ]
    keepers: list[asyncio.Task[None]] = []
    try:
        for start in starts:
            if isinstance(start, BaseException):
                raise start
        await asyncio.gather(*(each.ensure_database(DEMO_DATABASE) for each in started))
        if kept:
            keepers += [asyncio.create_task(keep(each, _log.warning)) for each in started]
        yield Databases(
            main=Endpoint(Side.MAIN, clusters[Side.MAIN].url(DEMO_DATABASE)),
            backup=Endpoint(Side.BACKUP, clusters[Side.BACKUP].url(DEMO_DATABASE)),
            embedded=True,
            notes=tuple(note for start in starts if isinstance(start, Start) for note in start.notes),
        )
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(*(each.stop(within=STOP_SECONDS) for each in started))


async def check_distinct(main: Connection, backup: Connection) -> None:
    """Make sure that two connections lead to two databases, whatever their URLs look like.

    A random lock is taken on both. It tells the truth where identifiers do not: a server copied file by file
    has the same system identifier and the same database oids.

    Raises:
        SameDatabaseError: both are in one database.
    """
    number = secrets.randbits(62)
    await main.fetchval(statement("same_database_lock", "server"), number)
    if not await backup.fetchval(statement("same_database_lock", "server"), number):
        raise SameDatabaseError(
            "BACKUP_DATABASE_URL: leads to the same database as DATABASE_URL, by another name",
            hint="Two databases are kept as one; name two, on two servers where you can.",
        )


@asynccontextmanager
async def connected(
    databases: Databases, purpose: str, *, sides: Iterable[Side] = Side
) -> AsyncIterator[dict[Side, Connection]]:
    """Open a connection to each side, both at once.

    Raises:
        ConnectivityError: one of them cannot be reached.
    """
    wanted = tuple(sides)
    connections: dict[Side, Connection] = {}
    async with AsyncExitStack() as stack:

        async def open_one(side: Side) -> None:
            if side in wanted:
                connections[side] = await connect(databases.endpoint(side), purpose)
                stack.push_async_callback(connections[side].close, timeout=STOP_SECONDS)

        await on_both(open_one)
        yield {side: connections[side] for side in wanted}


async def require_installed(connections: Mapping[Side, Connection]) -> None:
    """Make sure that schema cdc is there before something reads it.

    Raises:
        InstallRefused: it is not.
    """
    for side, connection in connections.items():
        if not (await observe.node(connection)).installed:
            raise InstallRefused(
                f"schema cdc is not installed on {side}",
                hint="Run `cdc run` or `cdc install-triggers` first.",
            )


def _data_folder() -> tuple[Path, bool]:
    folder = DATA_FOLDER.absolute()
    return folder, any(folder.glob(f"{Side.MAIN.lower()}*"))
