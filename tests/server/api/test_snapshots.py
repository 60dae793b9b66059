from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

from tests.running import until
from tests.serving import Serving


async def exported(api: Serving) -> str:
    """Make an export once nothing runs, and give its name."""

    async def idle() -> bool:
        return (await api.get("/backup/history?status=RUNNING")).document["items"] == []

    await until(idle)
    return Path((await api.post("/backup/export")).document["filepath"]).name


async def test_files_are_listed_fetched_pinned_and_removed(api: Serving) -> None:
    name = await exported(api)
    items = {item["name"]: item for item in (await api.get("/backup/snapshots")).document["items"]}
    item = items[name]
    assert (item["type"], item["recordCount"], item["pinned"]) == ("EXPORT", 6, False)
    assert item["verifiedAt"]
    path = f"/backup/snapshots/{name}"
    file = await api.get(path)
    assert file.headers["Content-Type"] == "application/gzip"
    assert f'filename="{name}"' in file.headers["Content-Disposition"]
    assert hashlib.sha256(file.content).hexdigest() == item["sha256"]
    assert json.loads(gzip.decompress(file.content))
    head = await api.ask("HEAD", path)
    assert int(head.headers["Content-Length"]) == len(file.content)
    known = await api.get(path, headers={"Accept": "application/json"})
    assert known.document["name"] == name
    pinned = await api.ask("PUT", f"{path}/pin", json={"pinned": True})
    assert pinned.document["pinned"] is True
    kept = await api.ask("DELETE", path)
    assert (kept.status, kept.document["code"]) == (409, "snapshot-pinned")
    await api.ask("PUT", f"{path}/pin", json={"pinned": False})
    assert (await api.ask("DELETE", path)).status == 204
    assert (await api.get(path)).status == 404
    checked = await api.post(f"/backup/snapshots/{await exported(api)}/verify")
    assert (checked.status, checked.document["status"]) == (200, "COMPLETED")


async def test_names_that_other_people_chose(api: Serving, tmp_path: Path) -> None:
    name = await exported(api)
    odd = 'back"up\n ü.json.gz'
    folder = tmp_path / "backups"
    (folder / odd).write_bytes((folder / name).read_bytes())
    answer = await api.get("/backup/snapshots/back%22up%0A%20%C3%BC.json.gz")
    assert answer.status in {200, 404}
    assert "\n" not in answer.headers.get("Content-Disposition", "")
