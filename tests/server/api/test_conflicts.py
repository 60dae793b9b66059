from __future__ import annotations

import asyncio
from urllib.parse import quote

from tests.databases import Pair
from tests.running import until
from tests.serving import Serving


async def clash(api: Serving, shop: Pair, *changes: tuple[str, str]) -> None:
    """Change rows on both sides while nothing is carried over, and wait for the conflicts."""
    assert (await api.post("/backup/sync/pause")).status == 200
    await paused(api)
    for main, backup in changes:
        await shop.main.execute(main)
        await shop.backup.execute(backup)
    assert (await api.post("/backup/sync/resume")).status == 200

    async def met() -> bool:
        found = (await api.get("/backup/conflicts")).document["items"]
        links = (await api.get("/backup/status")).document["sync"]["links"].values()
        settled = {(link["state"], link["pending"]) for link in links} == {("streaming", 0)}
        return settled and len(found) == len(changes)

    await until(met)


async def paused(api: Serving) -> None:
    async def reached() -> bool:
        links = (await api.get("/backup/status")).document["sync"]["links"].values()
        return {link["state"] for link in links} == {"paused"}

    await until(reached)


def renamed(key: str) -> tuple[str, str]:
    set_name = "UPDATE \"Product\" SET name = '{}' WHERE id = '{}'"
    return set_name.format("ours", key), set_name.format("theirs", key)


async def test_a_conflict_is_listed_read_and_resolved(api: Serving, shop: Pair) -> None:
    await clash(api, shop, renamed("p1"))
    listed = (await api.get("/backup/conflicts?status=open&entity=&type=&limit=&cursor=")).document
    assert listed["nextCursor"] is None
    item = listed["items"][0]
    assert (item["entity"], item["entityId"], item["type"]) == ("Product", "p1", "UPDATE_ORIGIN_DIFFERS")
    assert (item["main"]["name"], item["backup"]["name"], item["base"]["name"]) == ("ours", "theirs", "chalk")
    assert item["main"]["price"] == "2.50"
    assert item["changedColumns"] == ["name"]
    assert item["detectedAt"].endswith("Z")
    one = await api.get("/backup/conflicts/Product/p1")
    assert one.document == item
    path, version = "/backup/conflicts/Product/p1/resolve", item["version"]
    stale = await api.post(path, {"resolution": "MAIN", "version": version + 7})
    assert (stale.status, stale.document["code"]) == (409, "conflict-moved")
    assert stale.document["current"]["version"] == version
    done = await api.post(path, {"resolution": "MAIN", "version": version})
    assert done.status == 200
    assert done.document["row"]["name"] == "ours"
    assert await shop.backup.fetchval("SELECT name FROM \"Product\" WHERE id = 'p1'") == "ours"
    again = await api.post("/backup/conflicts/Product/p1/resolve", {"resolution": "MAIN"})
    assert again.status == 404
    assert (await api.get("/backup/conflicts")).document["items"] == []
    past = (await api.get("/backup/conflicts?status=resolved")).document["items"]
    assert [(each["entityId"], each["resolution"], each["resolvedBy"]) for each in past] == [
        ("p1", "MAIN", "tester")
    ]
    assert (await api.get("/backup/records/Product/p1")).document["state"] == "RESOLVED"
    assert (await api.get("/backup/records/Product/p2")).document["state"] == "SYNCED"


async def test_a_merge_takes_values_and_names_what_is_missing(api: Serving, shop: Pair) -> None:
    await clash(api, shop, renamed("p1"))
    refused = await api.post("/backup/conflicts/Product/p1/resolve", {"resolution": "MERGE"})
    assert (refused.status, refused.document["missing"]) == (422, ["name"])
    assert refused.document["errors"][0]["field"] == "values.name"
    body = {"resolution": "MERGE", "values": {"name": "both"}}
    done = await api.post("/backup/conflicts/Product/p1/resolve", body)
    assert done.status == 200
    for connection in (shop.main, shop.backup):
        assert await connection.fetchval("SELECT name FROM \"Product\" WHERE id = 'p1'") == "both"


KEYS = [("Product", "ü/% ,"), ("stock", "a%2Cb,c%25"), ("stock", "x,y/z"), ("stock", "é,"), ("bar.tap", "1")]


async def test_keys_of_any_kind_stand_in_paths(api: Serving) -> None:
    for entity, entity_id in KEYS:
        answer = await api.get(f"/backup/records/{quote(entity, safe='')}/{quote(entity_id, safe='')}")
        assert answer.status == 200
        assert (answer.document["entity"], answer.document["entityId"]) == (entity, entity_id)


async def test_odd_keys_are_resolved_by_their_paths(api: Serving, shop: Pair) -> None:
    pieces = "UPDATE stock SET pieces = {} WHERE place = 'a,b'"
    await clash(api, shop, (pieces.format(10), pieces.format(20)))
    (item,) = (await api.get("/backup/conflicts?entity=stock")).document["items"]
    assert item["entityId"] == "a%2Cb,c%25"
    once = await api.get("/backup/conflicts/stock/a%2Cb,c%25")  # the id as it is, not encoded for the path
    assert once.document == item
    path = f"/backup/conflicts/stock/{quote(item['entityId'], safe='')}/resolve"
    assert (await api.post(path, {"resolution": "BACKUP"})).status == 200
    assert await shop.main.fetchval("SELECT pieces FROM stock WHERE place = 'a,b'") == 20


ABSENT = ["Nothing/1", "Product/none", "Product/%00", "%00/1", "Product/", "Product/%FF", "stock/a"]


async def test_what_is_not_there_is_404(api: Serving) -> None:
    for path in ABSENT:
        answer = await api.get(f"/backup/conflicts/{path}")
        assert answer.status == 404
        answer = await api.post(f"/backup/conflicts/{path}/resolve", {"resolution": "MAIN"})
        assert answer.status == 404


async def test_pages_have_every_conflict_once(api: Serving, shop: Pair) -> None:
    await clash(api, shop, renamed("p1"), renamed("p2"), renamed("ü/% ,"))
    found, cursor = [], ""
    while cursor is not None:
        page = (await api.get(f"/backup/conflicts?limit=2&cursor={cursor}")).document
        found += [item["entityId"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert sorted(found) == ["p1", "p2", "ü/% ,"]
    for wrong in ("abc", "W10", "eyJ9", "%00", "WyJhIiwgMV0"):
        answer = await api.get(f"/backup/conflicts?cursor={wrong}")
        assert (answer.status, answer.document["errors"][0]["field"]) == (422, "cursor")


async def test_many_are_previewed_and_decided(api: Serving, shop: Pair) -> None:
    await clash(api, shop, renamed("p1"), renamed("p2"))
    body = {"resolution": "BACKUP", "entity": "Product", "preview": True}
    preview = (await api.post("/backup/conflicts/resolve", body)).document
    assert (preview["matching"], preview["byEntity"], preview["resolved"]) == (2, {"Product": 2}, 0)
    assert {item["entityId"] for item in preview["items"]} == {"p1", "p2"}
    first = min(item["detectedAt"] for item in preview["items"])
    for narrower in ({"detectedBefore": first}, {"onlyColumn": "price"}):
        nothing = (await api.post("/backup/conflicts/resolve", {**body, **narrower})).document
        assert (nothing["matching"], nothing["items"]) == (0, [])
    assert len((await api.get("/backup/conflicts")).document["items"]) == 2
    done = (await api.post("/backup/conflicts/resolve", {**body, "preview": False})).document
    assert (done["resolved"], done["refusedTotal"]) == (2, 0)
    assert await shop.main.fetchval("SELECT count(*) FROM \"Product\" WHERE name = 'theirs'") == 2


async def test_two_decisions_at_once_are_one_and_a_refusal(api: Serving, shop: Pair) -> None:
    await clash(api, shop, renamed("p1"))
    version = (await api.get("/backup/conflicts/Product/p1")).document["version"]
    path = "/backup/conflicts/Product/p1/resolve"
    answers = await asyncio.gather(
        *(api.post(path, {"resolution": side, "version": version}) for side in ("MAIN", "BACKUP"))
    )
    won, lost = sorted(answer.status for answer in answers)
    assert won == 200
    assert lost in {404, 409}
