from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.databases import Pair
from tests.serving import Serving, serving


@pytest.fixture
async def api(pair: Pair) -> AsyncIterator[Serving]:
    async with serving(pair, runs=False) as found:
        yield found


async def test_the_status_has_the_form_of_the_contract(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY)")
    async with serving(pair) as api:
        answer = await api.get("/backup/status")
        assert answer.status == 200
        assert {
            "enabled",
            "state",
            "version",
            "databases",
            "sync",
            "backup",
            "clocks",
            "openConflicts",
            "problems",
        } == set(answer.document)
        assert answer.document["state"] == "running"
        assert answer.document["databases"]["MAIN"]["connected"] is True
        link = answer.document["sync"]["links"]["MAIN_TO_BACKUP"]
        assert {
            "pending",
            "lagMs",
            "appliedTotal",
            "consecutiveFailures",
            "lastError",
            "lastAppliedAt",
        } < set(link)
        assert link["state"] == "streaming"


async def test_alive_without_a_token_or_a_name(api: Serving) -> None:
    answer = await api.get("/livez", token=False, headers={"Host": "10.1.2.3"})
    assert (answer.status, answer.document) == (200, {"status": "ok"})


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3001", "", "localhost.evil.example", "[::2]"])
@pytest.mark.parametrize("path", ["/backup/status", "/openapi.json", "/nothing"])
async def test_a_foreign_host_header_is_refused(api: Serving, host: str, path: str) -> None:
    answer = await api.get(path, headers={"Host": host})
    assert (answer.status, answer.document["code"]) == (421, "wrong-host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3001", "127.0.0.1:80", "[::1]:3001"])
async def test_names_of_this_machine_are_taken(api: Serving, host: str) -> None:
    assert (await api.get("/openapi.json", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/backup/nothing", 404),
        ("GET", "/backup/status/", 404),
        ("POST", "/backup/status", 405),
        ("TRACE", "/backup/status", 405),
        ("GET", "/backup/status?unknown=1", 422),
    ],
)
async def test_refusals_are_problem_documents(api: Serving, method: str, path: str, expected: int) -> None:
    answer = await api.ask(method, path)
    assert answer.status == expected
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    document = answer.document
    assert document["status"] == expected
    assert document["title"]
    assert document["detail"]
    assert document["requestId"] == answer.headers["X-Request-Id"]
    if expected == 405:
        assert answer.headers["Allow"] == "GET,HEAD"


async def test_options_and_head(api: Serving) -> None:
    options = await api.ask("OPTIONS", "/backup/status", token=False)
    assert (options.status, options.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    head = await api.ask("HEAD", "/backup/status")
    assert (head.status, head.content) == (200, b"")


@pytest.mark.parametrize("path", ["/livez", "/nothing", "/backup/status", "/openapi.json", "/docs"])
async def test_security_headers_are_on_everything(api: Serving, path: str) -> None:
    answer = await api.get(path, token=False)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Server"] == "cdc"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] in {"no-store", "no-cache"}


async def test_a_request_id_of_the_client_is_kept_unless_it_is_odd(api: Serving) -> None:
    kept = await api.get("/livez", headers={"X-Request-Id": "till-7.42"})
    assert kept.headers["X-Request-Id"] == "till-7.42"
    odd = await api.get("/livez", headers={"X-Request-Id": "a b<script>"})
    assert odd.headers["X-Request-Id"] != "a b<script>"


async def test_an_answer_the_client_has_is_not_sent_again(api: Serving) -> None:
    first = await api.get("/openapi.json")
    again = await api.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")


async def test_the_page_of_the_documents_is_local(api: Serving) -> None:
    page = await api.get("/docs", token=False)
    assert page.status == 200
    text = page.content.decode()
    assert "http://" not in text
    assert "https://" not in text
    for asset in ("/docs/page.css", "/docs/page.js"):
        assert asset in text
        assert (await api.get(asset, token=False)).status == 200
    assert (await api.get("/docs/../application.py", token=False)).status == 404
    assert (await api.get("/docs/..%2fapplication.py", token=False)).status == 404


@pytest.mark.parametrize("line", [b"GET /\xc3\xa9 HTTP/1.1", b"hello", b"GET /" + b"a" * 9000 + b" HTTP/1.1"])
async def test_what_is_no_http_is_refused_like_everything_else(api: Serving, line: bytes) -> None:
    reader, writer = await asyncio.open_connection(api.address.host, api.address.port)
    writer.write(line + b"\r\nHost: localhost\r\n\r\n")
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == b"400"
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "malformed"
