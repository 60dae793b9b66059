"""The roles that a service may have: what its tests connect as, and the databases that belong to it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

import asyncpg
import pytest

from cdc.model import Side
from server.embedded import Cluster
from server.embedded.creation import SUPERUSER
from tests.databases import Pair, Servers
from tests.hosts import Login
from triggers.identifiers import identifier

FIRST_WITH_GRANTS = (15,)
"""The version of PostgreSQL from which on a right to a setting can be granted."""


class Role(StrEnum):
    """What the service's role may do."""

    SUPERUSER = "superuser"
    OWNER = "owner"
    """It owns the databases and what is in them, and may do nothing else."""
    GRANTED = "granted"
    """As OWNER, and it may set `session_replication_role`."""


def chosen() -> Role | None:
    """The role that CDC_TEST_ROLE names, None where it is not set."""
    named = os.environ.get("CDC_TEST_ROLE")
    if not named:
        return None
    if named not in list(Role):
        pytest.exit(f"CDC_TEST_ROLE is one of {', '.join(Role)}, not {named}", returncode=2)
    return Role(named)


def among(*roles: Role) -> list[Role]:
    """Roles to run a test as, one after the other; only the chosen one where one is."""
    only = chosen()
    return list(roles) if only is None else [only]


async def login_of(servers: Servers, role: Role) -> Login | None:
    """The login of such a role on both servers, None for their superuser. Skips where PostgreSQL has no such role."""
    if role is Role.SUPERUSER:
        return None
    if role is Role.GRANTED and not await _have_grants(servers):
        pytest.skip("the right can be granted from PostgreSQL 15 on")
    if role not in servers.logins:
        login = await servers.make_login()
        if role is Role.GRANTED:
            await servers.execute(
                f"GRANT SET ON PARAMETER session_replication_role TO {identifier(login.name)}"
            )
        servers.logins[role] = login
    return servers.logins[role]


@asynccontextmanager
async def pair_of(servers: Servers, role: Role, *, ready: bool = True) -> AsyncIterator[Pair]:
    """Fresh databases that belong to such a role, connected as it."""
    async with Pair(servers, await login_of(servers, role), ready=ready) as fresh:
        yield fresh


async def give_database(cluster: Cluster, name: str, role: Role) -> str:
    """Make a database on a server of one test, and a role that it belongs to; returns the role's name."""
    await cluster.ensure_database(name)
    if role is Role.SUPERUSER:
        return SUPERUSER
    connection = await asyncpg.connect(cluster.url())
    try:
        await connection.execute(
            f"CREATE ROLE cdc_test_owner LOGIN; ALTER DATABASE {name} OWNER TO cdc_test_owner"
        )
        if role is Role.GRANTED:
            if connection.get_server_version() < FIRST_WITH_GRANTS:
                pytest.skip("the right can be granted from PostgreSQL 15 on")
            await connection.execute("GRANT SET ON PARAMETER session_replication_role TO cdc_test_owner")
    finally:
        await connection.close()
    return "cdc_test_owner"


async def make_replica(pair: Pair) -> None:
    """Have an administrator see to it that what the owner's sessions write from now on is written as a replica."""
    assert pair.owner is not None
    role, database = identifier(pair.owner.name), identifier(pair.name)
    for side in Side:
        await pair.administer(
            side, f"ALTER ROLE {role} IN DATABASE {database} SET session_replication_role = replica"
        )


async def _have_grants(servers: Servers) -> bool:
    for side in Side:
        connection = await asyncpg.connect(servers.host(side).admin_url)
        try:
            if connection.get_server_version() < FIRST_WITH_GRANTS:
                return False
        finally:
            await connection.close()
    return True
