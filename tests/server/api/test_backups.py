from __future__ import annotations

import asyncio
import gzip
import json
import os
import secrets
from pathlib import Path
from urllib.parse import quote

from tests.databases import Pair
from tests.running import until
from tests.serving import Answer, Serving

TRIGGER = "/backup/trigger"
TRIES = 10


async def free(api: Serving) -> None:
    """Wait until nothing runs: the service makes a backup by itself when it has started."""

    async def idle() -> bool:
        made = (await api.get("/backup/history?type=FULL")).document["items"]
        return bool(made) and (await api.get("/backup/history?status=RUNNING")).document["items"] == []

    await until(idle)


def read(filepath: str | Path) -> bytes:
    return Path(filepath).read_bytes()


async def triggered(api: Serving, **headers: str) -> Answer:
    await free(api)
    return await api.post(f"{TRIGGER}?wait=true", headers=headers)


async def exported(api: Serving) -> Answer:
    await free(api)
    answer = await api.post("/backup/export", {"includeHistory": False})
    assert answer.status == 201
    return answer


async def test_a_backup_is_begun_and_can_be_waited_for(api: Serving, shop: Pair) -> None:
    await free(api)
    await shop.main.execute("INSERT INTO \"Product\" VALUES ('p9', 'rack', 5)")
    begun = await api.post(TRIGGER)
    assert begun.status == 202
    number = begun.document["id"]
    assert begun.headers["Location"] == f"/backup/history/{number}"
    assert (begun.document["type"], begun.document["actor"]) == ("FULL", "tester")

    async def ended() -> bool:
        return bool((await api.get(begun.headers["Location"])).document["status"] != "RUNNING")

    await until(ended)
    entry = (await api.get(begun.headers["Location"])).document
    assert (entry["status"], entry["recordCount"]) == ("COMPLETED", 7)
    assert entry["startedAt"].endswith("Z")
    assert entry["sizeBytes"] == len(read(entry["filepath"]))
    waited = await triggered(api)
    for _ in range(TRIES):
        if waited.document["status"] == "UNCHANGED":
            break
        # A request was still being noted as a snapshot was taken, so something was committed since.
        number, waited = waited.document["id"], await triggered(api)
    assert (waited.status, waited.document["status"]) == (200, "UNCHANGED")
    newest = (await api.get("/backup/history?limit=1&type=FULL")).document
    assert newest["items"][0]["id"] == waited.document["id"]
    older = (await api.get(f"/backup/history?limit=1&type=FULL&cursor={newest['nextCursor']}")).document
    assert older["items"][0]["id"] == number


async def test_an_export_answers_when_it_is_done(api: Serving) -> None:
    answer = await exported(api)
    document = answer.document
    assert set(document) == {"id", "filepath", "sizeBytes", "recordCount", "sha256"}
    assert json.loads(gzip.decompress(read(document["filepath"])))
    assert answer.headers["Location"] == f"/backup/history/{document['id']}"
    at_once = await api.post("/backup/export?wait=false")  # no body: every field has a default
    assert at_once.status == 202


async def test_a_restore_is_previewed_and_done(api: Serving, shop: Pair) -> None:
    filepath = (await exported(api)).document["filepath"]
    await shop.main.execute(
        "DELETE FROM \"Product\" WHERE id = 'p1'; UPDATE \"Product\" SET price = 0 WHERE id = 'p2';"
        " INSERT INTO \"Product\" VALUES ('p7', 'new', 7)"
    )
    relative = os.path.relpath(filepath)  # noqa: ASYNC240 - a test's file
    wanted = {"inserted": 1, "updated": 1, "deleted": 1, "unchanged": 1}
    for name in (filepath, Path(filepath).name, relative):
        await free(api)
        body = {"filepath": name, "target": "MAIN", "dryRun": True}
        preview = await api.post("/backup/restore", body)
        assert (preview.status, preview.document["tables"]["Product"]) == (200, wanted)
        assert preview.document["dryRun"] is True
    assert await shop.main.fetchval("SELECT count(*) FROM \"Product\" WHERE id = 'p7'") == 1
    done = await api.post("/backup/restore", {"filepath": filepath, "target": "MAIN"})
    assert (done.status, done.document["tables"]["Product"]) == (200, wanted)
    assert await shop.main.fetchval("SELECT price FROM \"Product\" WHERE id = 'p2'") == 90

    async def follows() -> bool:
        return bool(await shop.backup.fetchval("SELECT count(*) FROM \"Product\" WHERE id = 'p7'") == 0)

    await until(follows)


OUTSIDE = [
    "../secret.json.gz",
    "../../../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "backup-2024-01-01T00-00-00.json.gz",
    "backup-2024-01-01T00-00-00.json.gz\x00.png",
    "..\\..\\secret.json.gz",
    "\u2025/\u2025/etc/passwd",
    "\uff0e\uff0e\uff0fsecret.json.gz",
    "file:///etc/passwd",
    ".",
    "..",
    "~/.ssh/id_rsa",
    "a" * 1000,
]


async def test_what_is_outside_and_what_is_missing_are_one_answer(api: Serving, tmp_path: Path) -> None:
    (tmp_path / "secret.json.gz").write_bytes(gzip.compress(b"{}"))
    for filepath in OUTSIDE:
        await refused(api, filepath)


async def refused(api: Serving, filepath: str) -> None:
    body = {"filepath": filepath, "target": "MAIN"}
    answer = await api.post("/backup/restore", body)
    assert (answer.status, answer.document["code"]) == (404, "snapshot-not-found"), filepath
    assert answer.document["detail"] == f"there is no snapshot {filepath!r} in the store"
    named = quote(filepath, safe="")
    for method, path in (
        ("GET", named),
        ("DELETE", named),
        ("POST", f"{named}/verify"),
        ("POST", f"{named}/test"),
    ):
        answer = await api.ask(method, f"/backup/snapshots/{path}")
        assert answer.status == 404, path
    answer = await api.ask("PUT", f"/backup/snapshots/{named}/pin", json={"pinned": True})
    assert answer.status == 404


async def test_a_link_that_leads_outside_is_not_followed(api: Serving, tmp_path: Path) -> None:
    filepath = Path((await exported(api)).document["filepath"])
    elsewhere = tmp_path / "elsewhere.json.gz"
    elsewhere.write_bytes(read(filepath))
    link = filepath.with_name("backup-2024-01-01T00-00-00.json.gz")
    link.symlink_to(elsewhere)
    answer = await api.post("/backup/restore", {"filepath": link.name, "target": "MAIN"})
    assert answer.status == 404
    assert (await api.get(f"/backup/snapshots/{link.name}")).status == 404


async def test_damaged_and_foreign_files_are_refused(api: Serving, shop: Pair) -> None:
    filepath = Path((await exported(api)).document["filepath"])
    content = read(filepath)
    damaged = filepath.with_name("export-2024-01-01T00-00-00.json.gz")
    damaged.write_bytes(content[: len(content) // 2])
    foreign = filepath.with_name("export-2024-01-01T00-00-01.json.gz")
    foreign.write_bytes(gzip.compress(b'{"hello": 1}\n'))
    await free(api)
    for file, code in ((damaged, "snapshot-damaged"), (foreign, "snapshot-foreign")):
        answer = await api.post("/backup/restore", {"filepath": file.name, "target": "MAIN"})
        assert (answer.status, answer.document["code"]) == (422, code)
    assert await shop.main.fetchval('SELECT count(*) FROM "Product"') == 3


WRONG: list[tuple[object, set[str]]] = [
    ({}, {"filepath", "target"}),
    ({"filepath": "a", "target": "main"}, {"target"}),
    ({"filepath": "a", "target": "MAIN", "dryrun": True}, {"dryrun"}),
    ({"filepath": "a", "target": "MAIN", "dryRun": "yes"}, {"dryRun"}),
    ({"filepath": "", "target": "MAIN"}, {"filepath"}),
    ({"filepath": 7, "target": "MAIN", "tables": "all"}, {"filepath", "tables"}),
    ([], {""}),
]


async def test_wrong_fields_are_named(api: Serving) -> None:
    for body, fields in WRONG:
        answer = await api.post("/backup/restore", body)
        assert answer.status == 422
        assert {fault["field"] for fault in answer.document["errors"]} == fields


async def test_bodies_that_cannot_be_read(api: Serving) -> None:
    json_type = {"Content-Type": "application/json"}
    malformed = await api.ask("POST", "/backup/restore", data=b"{", headers=json_type)
    assert (malformed.status, malformed.document["code"]) == (400, "malformed")
    form = await api.ask("POST", "/backup/restore", data={"filepath": "a"})
    assert (form.status, form.document["code"]) == (415, "no-json")
    large = await api.ask("POST", "/backup/restore", data=b" " * 300_000, headers=json_type)
    assert (large.status, large.document["code"]) == (413, "too-large")


async def test_one_operation_at_a_time(api: Serving, shop: Pair) -> None:
    await free(api)
    async with shop.main.transaction():
        await shop.main.execute('LOCK TABLE "Product" IN ACCESS EXCLUSIVE MODE')
        begun = await api.post("/backup/export?wait=false")
        assert begun.status == 202
        busy = await api.post(TRIGGER)
        assert (busy.status, busy.document["code"]) == (409, "operation-runs")
        assert busy.document["operation"] == begun.document["id"]
        cancelled = await api.ask("DELETE", begun.headers["Location"])
        assert cancelled.status == 202
        await free(api)
    entry = (await api.get(begun.headers["Location"])).document
    assert (entry["status"], entry["error"]) == ("INTERRUPTED", "cancelled by tester")
    again = await api.ask("DELETE", begun.headers["Location"])
    assert (again.status, again.document["code"]) == (409, "not-running")


async def test_a_client_that_waits_is_told_of_the_end(api: Serving, shop: Pair) -> None:
    await free(api)
    async with shop.main.transaction():
        await shop.main.execute('LOCK TABLE "Product" IN ACCESS EXCLUSIVE MODE')
        waiting = asyncio.create_task(api.post("/backup/export"))

        async def begun() -> bool:
            return bool((await api.get("/backup/history?status=RUNNING")).document["items"])

        await until(begun)
        (entry,) = (await api.get("/backup/history?status=RUNNING")).document["items"]
        await api.ask("DELETE", f"/backup/history/{entry['id']}")
        answer = await waiting
    assert (answer.status, answer.document["code"]) == (409, "interrupted")
    assert answer.document["operation"] == entry["id"]


async def test_a_client_that_goes_away_changes_nothing(api: Serving) -> None:
    await free(api)
    waiting = asyncio.create_task(api.post("/backup/export"))

    async def begun() -> bool:
        return bool((await api.get("/backup/history?type=EXPORT")).document["items"])

    await until(begun)
    waiting.cancel()
    await free(api)
    (entry,) = (await api.get("/backup/history?type=EXPORT")).document["items"]
    assert entry["status"] == "COMPLETED"


async def test_a_repeated_request_is_carried_out_once(api: Serving) -> None:
    await free(api)
    key = {"Idempotency-Key": secrets.token_hex(8)}
    first = await api.post("/backup/export", headers=key)
    second = await api.post("/backup/export", headers=key)
    assert (first.status, second.status) == (201, 201)
    assert first.document == second.document
    assert len((await api.get("/backup/history?type=EXPORT")).document["items"]) == 1
    other = await api.post("/backup/export", {"includeHistory": True}, headers=key)
    assert (other.status, other.document["code"]) == (422, "key-reused")
    fresh = await api.post("/backup/export", headers={"Idempotency-Key": "another"})
    assert fresh.document["id"] != first.document["id"]
    for wrong in ("", "a" * 201, "a b"):
        answer = await api.post("/backup/export", headers={"Idempotency-Key": wrong})
        assert (answer.status, answer.document["errors"][0]["field"]) == (422, "Idempotency-Key")


async def test_requests_with_one_key_at_once_begin_one_operation(api: Serving) -> None:
    await free(api)
    key = {"Idempotency-Key": "till-1"}
    answers = await asyncio.gather(*(api.post("/backup/export?wait=false", headers=key) for _ in range(5)))
    assert {answer.status for answer in answers} <= {202, 409}
    assert len({answer.document["id"] for answer in answers if answer.status == 202}) == 1
    await free(api)
    assert len((await api.get("/backup/history?type=EXPORT")).document["items"]) == 1


async def test_a_key_whose_request_began_nothing_is_free_again(api: Serving) -> None:
    key = {"Idempotency-Key": "r1"}
    body = {"filepath": "missing.json.gz", "target": "MAIN"}
    assert (await api.post("/backup/restore", body, headers=key)).status == 404
    assert (await api.post("/backup/restore", body, headers=key)).status == 404


async def test_both_sides_are_compared(api: Serving, shop: Pair) -> None:
    await free(api)
    same = await api.post("/backup/verify")
    assert (same.status, same.document["equal"]) == (200, True)
    assert same.document["tables"]["Product"]["rowsMain"] == 3
    await shop.backup.execute("SET cdc.applying = 'on'; DELETE FROM \"Product\" WHERE id = 'p1'")
    await free(api)
    different = await api.post("/backup/verify", {"tables": ["Product"]})
    assert (different.status, different.document["equal"]) == (200, False)
    assert different.document["tables"]["Product"]["missingBackup"] == 1
    unknown = await api.post("/backup/verify", {"tables": ["nothing"]})
    assert unknown.status == 422


async def test_operations_that_are_not_there(api: Serving) -> None:
    for number in ("0", "-1", "x", "9" * 30, "1.5", "%31%2e"):
        for method in ("GET", "DELETE"):
            assert (await api.ask(method, f"/backup/history/{number}")).status == 404
