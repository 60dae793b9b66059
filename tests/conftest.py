"""Fixtures: real PostgreSQL servers and fresh databases on them.

servers      two servers for the whole run, MAIN's and BACKUP's
pair         a fresh database on each, with open connections, as the administrator or as CDC_TEST_ROLE says
ready        whether they have schema cdc already: not where a test is marked `untouched`, nor a service's
owner_pair   the same, owned by and connected as a role that is no superuser
own_servers  two servers for one test, to kill and restart (half a second)
server_folder  a folder that servers may be started in; they end with pytest, however it ends

CDC_TEST_MAIN_URL and CDC_TEST_BACKUP_URL name other servers to test on, as their superuser.
CDC_TEST_POSTGRES=16 takes the other version of the embedded server; CDC_TEST_POSTGRES_BIN=/…/bin takes the
programs in a folder, CDC_TEST_MAIN_BIN and CDC_TEST_BACKUP_BIN those of one side.
CDC_TEST_ROLE is what `pair` and `own_servers` connect as: superuser, owner (it owns the databases and may do nothing
else), or granted (an owner that may set session_replication_role). Tests do the administrator's own work with
`administer`. One marked `granted("why")` is about what an owner without that right is refused, and has it; one
marked `superuser("why")` connects as the administrator whatever the variable says.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from cdc.model import Side
from server.embedded import Cluster
from tests.databases import OwnServers, Pair, Servers, make_cluster, servers_parent
from tests.hosts import Administrator, Host
from tests.prepared import PREFIX, Prepared
from tests.roles import Role, chosen, give_database, pair_of
from tests.watchdog import end

# A run has thousands of imports of our modules, most of them in commands of their own: compiling them once is enough.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

ROOT: Final = "CDC_TEST_SERVERS_ROOT"
_folders = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder of a run's servers, in the process that the workers are started by.

    It is removed, with every server in it, when that process ends or is killed.
    """
    if hasattr(config, "workerinput"):
        return
    root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=servers_parent()))
    root.chmod(0o711)  # the server's user has to pass where we are root
    watchdog = subprocess.Popen(
        [sys.executable, "-m", "tests.watchdog", root],
        stdin=subprocess.PIPE,
        cwd=Path(__file__).parent.parent,
        start_new_session=True,
    )
    os.environ[ROOT] = str(root)

    def close() -> None:
        assert watchdog.stdin is not None
        watchdog.stdin.close()
        watchdog.wait(120)

    config.add_cleanup(close)


@pytest.fixture(scope="session")
def servers_root() -> Path:
    """This process's folder for servers. Those of all processes of a run start from copies of the same empty data."""
    root = Path(os.environ[ROOT]) / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    root.mkdir()
    root.chmod(0o711)
    return root


@pytest.fixture
def server_folder(servers_root: Path) -> Path:
    """A fresh folder for servers of one test."""
    folder = servers_root / str(next(_folders))
    folder.mkdir()
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="session")
def servers(servers_root: Path) -> Iterator[Servers]:
    """Two servers for the whole run."""
    named = [os.environ.get(f"CDC_TEST_{side}_URL") for side in Side]
    if any(named) != all(named):
        pytest.exit("set both CDC_TEST_MAIN_URL and CDC_TEST_BACKUP_URL, or neither", returncode=2)
    clusters: list[Cluster | None] = [None, None]
    if not all(named):
        clusters = [make_cluster(side.lower(), servers_root / "shared", Prepared) for side in Side]
        asyncio.run(_start(clusters))
    urls = [
        url or cluster.url() if cluster else str(url) for url, cluster in zip(named, clusters, strict=True)
    ]
    hosts = [
        Host(side, url, cluster, Administrator(url))
        for side, url, cluster in zip(Side, urls, clusters, strict=True)
    ]
    servers = Servers(hosts[0], hosts[1], prefix=f"cdc_test_template_{os.getpid()}")
    yield servers
    asyncio.run(_finish(servers))
    for host in hosts:
        if host.administrator is not None:
            host.administrator.close()


async def _start(clusters: list[Cluster | None]) -> None:
    await asyncio.gather(*(cluster.start() for cluster in clusters if cluster))


async def _finish(servers: Servers) -> None:
    clusters = [cluster for cluster in (servers.main.cluster, servers.backup.cluster) if cluster]
    if clusters:
        await asyncio.gather(*(cluster.kill() for cluster in clusters))
    else:
        await servers.clear()


@pytest.fixture
def role(request: pytest.FixtureRequest) -> Role:
    """The role that this test's service has."""
    found = chosen() or Role.SUPERUSER
    if request.node.get_closest_marker("superuser"):
        return Role.SUPERUSER
    return Role.GRANTED if request.node.get_closest_marker("granted") and found is Role.OWNER else found


@pytest.fixture
def ready(request: pytest.FixtureRequest) -> bool:
    """Whether a pair has schema cdc already, and in it what does not depend on tables or a side.

    Making it takes longer than anything else that is done for every test. Tests of what happens in a database that
    has never had it are marked `untouched`.
    """
    return request.node.get_closest_marker("untouched") is None


@pytest.fixture
async def pair(servers: Servers, role: Role, ready: bool) -> AsyncIterator[Pair]:  # noqa: FBT001 - a fixture
    """A fresh database on each server, connected as the administrator or as CDC_TEST_ROLE says."""
    async with pair_of(servers, role, ready=ready) as fresh:
        yield fresh


@pytest.fixture
async def owner_pair(servers: Servers, ready: bool) -> AsyncIterator[Pair]:  # noqa: FBT001 - a fixture
    """A fresh database on each server, connected as a role that owns it and is no superuser."""
    async with pair_of(servers, Role.OWNER, ready=ready) as fresh:
        yield fresh


@pytest.fixture
async def own_servers(server_folder: Path, role: Role) -> AsyncIterator[OwnServers]:
    """Two servers with an empty database `shop` each, for one test to kill and restart."""
    main, backup = (make_cluster(side.lower(), server_folder, Prepared) for side in Side)
    await asyncio.gather(main.start(), backup.start())
    try:
        users = await asyncio.gather(*(give_database(cluster, "shop", role) for cluster in (main, backup)))
        yield OwnServers(main, backup, users[0])
    finally:
        await asyncio.gather(main.kill(), backup.kill())
        end(server_folder)
