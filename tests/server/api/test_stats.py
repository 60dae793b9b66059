from __future__ import annotations

from tests.databases import Pair
from tests.running import until
from tests.serving import Serving


async def test_tables_and_figures(api: Serving, shop: Pair) -> None:
    await shop.main.execute("CREATE TABLE _prisma_migrations (id text PRIMARY KEY)")
    await shop.main.execute('UPDATE "Product" SET price = price + 1')

    async def applied() -> bool:
        found = (await api.get("/backup/stats")).document
        tables = {each["entity"]: each["applied"] for each in found["tables"]}
        return tables.get("Product", 0) >= 3 and found["links"]["MAIN_TO_BACKUP"]["appliedTotal"] >= 3

    await until(applied)
    found = (await api.get("/backup/stats")).document
    product = next(each for each in found["tables"] if each["entity"] == "Product")
    assert (product["rowsMain"], product["rowsBackup"]) == (3, 3)
    assert (product["captured"], product["policy"], product["conflicts"]) == (True, "MANUAL", 0)
    assert set(found["links"]["MAIN_TO_BACKUP"]["lagMs"]) == {"p50", "p95", "p99"}
    assert {"byType", "byStatus", "totalBytes", "oldest", "newest"} <= set(found["backups"])
    assert found["conflicts"]["open"] == 0
    tables = {each["entity"]: each for each in (await api.get("/backup/tables")).document["items"]}
    assert tables["stock"]["keyColumns"] == ["place", "item"]
    assert tables["bar.tap"]["main"]["state"] == "captured"
    assert tables["_prisma_migrations"]["main"]["state"] == "excluded"
    assert tables["_prisma_migrations"]["backup"]["state"] == "missing"
