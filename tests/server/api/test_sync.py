from __future__ import annotations

from pathlib import Path

from tests.databases import Pair
from tests.running import until
from tests.serving import Serving


async def test_links_are_paused_and_resumed(api: Serving) -> None:
    one = await api.post("/backup/sync/pause", {"link": "MAIN_TO_BACKUP"})
    assert one.document == {"paused": ["MAIN_TO_BACKUP"]}
    both = await api.post("/backup/sync/pause")
    assert sorted(both.document["paused"]) == ["BACKUP_TO_MAIN", "MAIN_TO_BACKUP"]
    none = await api.post("/backup/sync/resume")
    assert none.document == {"paused": []}
    wrong = await api.post("/backup/sync/pause", {"link": "MAIN"})
    assert (wrong.status, wrong.document["errors"][0]["field"]) == (422, "link")


async def test_policies_are_set_and_unset(api: Serving) -> None:
    assert (await api.get("/backup/policies")).document["default"]["policy"] == "MANUAL"
    body = {"policy": "MERGE", "columns": {"price": "MAX"}}
    done = await api.ask("PUT", "/backup/policies/Product", json=body)
    assert (done.status, done.document["text"]) == (200, "MERGE(price=MAX)")
    await api.ask("PUT", "/backup/policies/*", json={"policy": "MAIN_WINS"})
    found = (await api.get("/backup/policies")).document
    assert found["default"]["policy"] == "MAIN_WINS"
    assert found["tables"]["Product"]["columns"] == {"price": "MAX"}
    for path, wrong, status in (
        ("nothing", {"policy": "MANUAL"}, 404),
        ("Product", {"policy": "LATEST_WINS"}, 422),
        ("Product", {"policy": "SOMETHING"}, 422),
        ("Product", {"policy": "MERGE", "columns": {"price": "AVERAGE"}}, 422),
        ("Product", {"policy": "LATEST_WINS", "column": "no_such"}, 422),
    ):
        answer = await api.ask("PUT", f"/backup/policies/{path}", json=wrong)
        assert answer.status == status, wrong
    assert (await api.ask("DELETE", "/backup/policies/Product")).status == 204
    assert (await api.ask("DELETE", "/backup/policies/Product")).status == 404


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


async def test_settings_are_shown_without_secrets(api: Serving, shop: Pair, tmp_path: Path) -> None:
    answer = await api.get("/backup/settings")
    found = {each["name"]: each for each in answer.document["items"]}
    assert found["JWT_SECRET"] == {
        "name": "JWT_SECRET", "value": None, "default": False, "secret": True, "set": True,
    }  # fmt: skip
    assert found["DATABASE_URL"]["value"] is None
    assert found["BACKUP_DIR"]["value"] == str(tmp_path / "backups")
    assert found["ENABLE_TWO_WAY_SYNC"]["value"] == "true"
    assert "a secret of the tests" not in answer.content.decode()
    assert shop.main_url not in answer.content.decode()
