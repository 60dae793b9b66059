"""docs/permissions.md does what it says: its commands are run, and each job is done with the rights it names."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.hosts import Connection, Login
from tests.triggers.changes import capture, take
from triggers.identifiers import identifier
from triggers.uninstall import uninstall

DOCUMENT = Path(__file__).parents[2] / "docs" / "permissions.md"
pytestmark = [pytest.mark.superuser("the document's commands are an administrator's"), pytest.mark.untouched]
COMMANDS = re.findall(r"^```sql\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@dataclass(slots=True)
class Shop:
    """A database whose roles are those of the document under names of their own."""

    pair: Pair
    roles: dict[str, Login]

    async def run(self, *beginnings: str) -> None:
        """Run the document's commands that begin so, as the administrator; there must be such commands."""
        for beginning in beginnings:
            found = [line for block in COMMANDS for line in block.splitlines() if line.startswith(beginning)]
            assert found, beginning
            text = found[0]
            for name, login in self.roles.items():
                text = re.sub(rf"\b{name}\b", login.name, text)
            await self.pair.main.execute(re.sub(r"\bshop\b", identifier(self.pair.name), text))

    async def connect(self, role: str) -> Connection:
        return await self.pair.connect(Side.MAIN, self.roles[role])


@pytest.fixture
async def shop(pair: Pair) -> AsyncIterator[Shop]:
    roles = {role: await pair.add_login() for role in ("shop_owner", "shop_app", "cdc_service", "cdc_reader")}
    owner, app = roles["shop_owner"].name, roles["shop_app"].name
    await pair.main.execute(
        f"GRANT CREATE ON SCHEMA public TO {owner}; SET ROLE {owner};"
        "CREATE TABLE orders (id serial PRIMARY KEY, total numeric);"
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {app}; GRANT USAGE ON orders_id_seq TO {app};"
        "RESET ROLE"
    )
    yield Shop(pair, roles)
    await pair.main.execute(
        f"REVOKE {owner} FROM {roles['cdc_service'].name};"
        f"REVOKE pg_read_all_stats FROM {roles['cdc_service'].name}"
    )
    if pair.main.get_server_version().major >= 15:
        await pair.main.execute(
            f"REVOKE SET ON PARAMETER session_replication_role FROM {roles['cdc_service'].name}"
        )


async def writes_are_captured(shop: Shop, reader: Connection) -> None:
    app = await shop.connect("shop_app")
    await app.execute(
        "INSERT INTO orders (total) VALUES (1); UPDATE orders SET total = 2; DELETE FROM orders"
    )
    assert [c.op for c in await take(reader)] == list("IUD")


async def test_as_the_owner(shop: Shop) -> None:
    owner = await shop.connect("shop_owner")
    await shop.run("GRANT CREATE ON DATABASE shop TO shop_owner")
    assert (await capture(owner)).changed == ("orders",)
    await writes_are_captured(shop, owner)
    await uninstall(owner, force=False)


async def test_as_the_owner_of_the_database(shop: Shop) -> None:
    await shop.run("ALTER DATABASE shop OWNER")
    owner = await shop.connect("shop_owner")
    assert (await capture(owner)).changed == ("orders",)


async def test_with_a_login_of_its_own(shop: Shop) -> None:
    service = await shop.connect("cdc_service")
    await shop.run("GRANT shop_owner TO", "GRANT CREATE ON DATABASE shop TO cdc_service")
    assert (await capture(service)).changed == ("orders",)
    await shop.run("REVOKE CREATE ON DATABASE")
    assert (await capture(service)).changed == ()
    await writes_are_captured(shop, service)
    await uninstall(service, force=False)
    await shop.run("REVOKE shop_owner")


async def test_row_level_security(shop: Shop) -> None:
    service = await shop.connect("cdc_service")
    await shop.run("GRANT shop_owner TO", "GRANT CREATE ON DATABASE shop TO cdc_service")
    await shop.pair.main.execute(
        "ALTER TABLE orders ENABLE ROW LEVEL SECURITY; ALTER TABLE orders FORCE ROW LEVEL SECURITY"
    )
    (table,) = (await capture(service)).tables
    assert table.state == "refused"
    await shop.run("ALTER ROLE cdc_service BYPASSRLS")
    assert (await capture(service)).changed == ("orders",)
    await shop.run("ALTER TABLE orders NO FORCE")
    await shop.pair.main.execute(f"ALTER ROLE {shop.roles['cdc_service'].name} NOBYPASSRLS")
    (table,) = (await capture(service)).tables
    assert table.state == "captured"


async def test_replication_role_and_statistics(shop: Shop) -> None:
    service = await shop.connect("cdc_service")
    if shop.pair.main.get_server_version().major >= 15:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.execute("SET session_replication_role = replica")
        await shop.run("GRANT SET ON PARAMETER")
        await service.execute("SET session_replication_role = replica")
    await shop.run("GRANT pg_read_all_stats")
    assert await service.fetchval("SELECT pg_has_role('pg_read_all_stats', 'USAGE')")


async def test_making_the_schema_on_an_empty_side(shop: Shop) -> None:
    service = await shop.connect("cdc_service")
    await shop.run("GRANT CREATE ON DATABASE shop TO cdc_service", "GRANT CREATE ON SCHEMA public")
    await service.execute("CREATE SCHEMA s; CREATE TABLE s.t (); CREATE TABLE public.t ()")


async def test_the_reader_reads_and_changes_nothing(shop: Shop) -> None:
    await capture(shop.pair.main)
    reader = await shop.connect("cdc_reader")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.execute("SELECT * FROM cdc.changelog")
    await shop.run("GRANT USAGE ON SCHEMA cdc", "GRANT SELECT ON ALL TABLES")
    await reader.execute("SELECT * FROM cdc.changelog, cdc.sync_state, cdc.node")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reader.execute("DELETE FROM cdc.changelog")


async def test_the_application_gets_nothing(shop: Shop) -> None:
    await capture(shop.pair.main)
    await writes_are_captured(shop, shop.pair.main)
    app = await shop.connect("shop_app")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("SELECT * FROM cdc.node")


def test_every_command_is_tried() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    tried = re.findall(r'"((?:GRANT|REVOKE|ALTER|CREATE) [^"]*)"', source)
    lines = [line for block in COMMANDS for line in block.splitlines() if not line.startswith("CREATE ROLE")]
    assert lines
    untried = [line for line in lines if not any(line.startswith(beginning) for beginning in tried)]
    assert untried == []
