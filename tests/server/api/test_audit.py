from __future__ import annotations

from tests.databases import Pair
from tests.serving import Serving


async def test_changing_requests_are_noted_with_who_what_and_result(api: Serving) -> None:
    await api.post("/backup/sync/pause", {"link": "MAIN_TO_BACKUP"}, headers={"X-Request-Id": "one"})
    await api.post("/backup/restore", {"filepath": "missing.json.gz", "target": "MAIN"})
    await api.get("/backup/status")
    items = (await api.get("/backup/audit")).document["items"]
    assert [(each["path"], each["status"], each["result"]) for each in items] == [
        ("/backup/restore", 404, "snapshot-not-found"),
        ("/backup/sync/pause", 200, "done"),
    ]
    pause = items[1]
    assert (pause["actor"], pause["way"], pause["client"]) == ("tester", "token", "127.0.0.1")
    assert (pause["body"], pause["requestId"]) == ({"link": "MAIN_TO_BACKUP"}, "one")
    assert pause["at"].endswith("Z")
    assert items[0]["body"] == {"filepath": "missing.json.gz", "target": "MAIN"}


async def test_pages_and_people(api: Serving) -> None:
    for _ in range(3):
        await api.post("/backup/sync/resume")
    first = (await api.get("/backup/audit?limit=2&actor=tester")).document
    second = (await api.get(f"/backup/audit?limit=2&cursor={first['nextCursor']}")).document
    assert [len(page["items"]) for page in (first, second)] == [2, 1]
    assert second["nextCursor"] is None
    assert (await api.get("/backup/audit?actor=nobody")).document["items"] == []


async def test_a_request_whose_process_ended_is_there_too(api: Serving, shop: Pair) -> None:
    await api.post("/backup/sync/resume")
    await shop.main.execute("UPDATE cdc.audit SET status = NULL, result = NULL")
    (item,) = (await api.get("/backup/audit")).document["items"]
    assert (item["status"], item["result"]) == (None, None)


async def test_the_newest_are_kept(api: Serving, shop: Pair) -> None:
    await api.post("/backup/sync/resume")
    await shop.main.execute("SELECT setval(pg_get_serial_sequence('cdc.audit', 'id'), 300000)")
    await api.post("/backup/sync/resume")
    await api.post("/backup/sync/resume")
    items = (await api.get("/backup/audit")).document["items"]
    assert [each["id"] for each in items] == [300002, 300001]


async def test_without_the_log_work_goes_on(api: Serving, shop: Pair) -> None:
    await shop.main.execute("ALTER TABLE cdc.audit RENAME TO elsewhere")
    assert (await api.post("/backup/sync/pause")).status == 200
