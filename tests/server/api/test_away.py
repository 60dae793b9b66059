"""Databases that are away and a service that is switched off: clear refusals, never a 500."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cdc.model import Side
from cdc.session import Endpoint
from server.api.openapi import path_of
from server.api.routes import ROUTES
from server.databases import Databases
from server.operations.operations import Operations
from tests.databases import Pair
from tests.serving import Serving, serving
from tests.synced import link_up

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
READS = [
    path_of(route)
    for route in ROUTES
    if route.method == "GET" and route.databases and route.listed and "{" not in route.path
]
"""Routes that need a database and nothing else."""


@asynccontextmanager
async def away(pair: Pair, *sides: Side, **variables: str) -> AsyncIterator[Serving]:
    """The interface over two databases of which some are not there; nothing is synced."""
    async with serving(pair, runs=False, **variables) as api:
        urls = {side: NOWHERE if side in sides else pair.url(side) for side in Side}
        databases = Databases(Endpoint(Side.MAIN, urls[Side.MAIN]), Endpoint(Side.BACKUP, urls[Side.BACKUP]))
        api.service.databases = databases
        api.service.operations = Operations(databases, api.service._settings)
        yield api
        await api.service.operations.close()


async def test_main_is_away(pair: Pair) -> None:
    async with away(pair, Side.MAIN) as api:
        for path in (*READS, "/backup/conflicts/Product/1", "/backup/records/Product/1", "/backup/history/1"):
            if path in {"/metrics", "/readyz", "/backup/events"}:
                continue
            answer = await api.get(path)
            assert (answer.status, answer.document["code"]) == (503, "database-away"), path
            assert "MAIN cannot be reached" in answer.document["detail"]
            assert answer.headers["Retry-After"] == "5"
        for path in ("/backup/trigger", "/backup/export", "/backup/verify", "/backup/sync/pause"):
            answer = await api.post(path)
            assert (answer.status, answer.document["code"]) == (503, "database-away"), path
        answer = await api.post("/backup/conflicts/Product/1/resolve", {"resolution": "MAIN"})
        assert answer.status == 503
        assert (await api.get("/backup/status")).status == 200
        assert (await api.get("/livez")).status == 200


async def test_backup_is_away(pair: Pair) -> None:
    await link_up(pair)
    async with away(pair, Side.BACKUP) as api:
        for path in ("/backup/conflicts", "/backup/conflicts/Product/1", "/backup/records/Product/1"):
            answer = await api.get(path)
            assert (answer.status, answer.document["code"]) == (503, "database-away"), path
            assert "BACKUP cannot be reached" in answer.document["detail"]
        for path in ("/backup/history", "/backup/policies", "/backup/audit", "/backup/snapshots"):
            assert (await api.get(path)).status == 200, path
        assert (await api.post("/backup/sync/pause")).status == 200


async def test_before_anything_is_installed(pair: Pair) -> None:
    async with away(pair) as api:
        for path in READS:
            if path in {"/metrics", "/readyz", "/backup/events"}:
                continue
            answer = await api.get(path)
            assert answer.status in {409, 503}, path
            assert answer.document["code"] == "not-installed"


async def test_switched_off_it_reads_and_writes_nothing(pair: Pair) -> None:
    await link_up(pair)
    async with away(pair, ENABLE_BACKUP_SERVICE="false") as api:
        for path in ("/backup/history", "/backup/conflicts", "/backup/snapshots", "/backup/policies"):
            assert (await api.get(path)).status == 200, path
        for method, path in (
            ("POST", "/backup/trigger"),
            ("POST", "/backup/sync/resume"),
            ("POST", "/backup/conflicts/Product/1/resolve"),
            ("PUT", "/backup/policies/Product"),
            ("DELETE", "/backup/snapshots/backup-2024-01-01T00-00-00.json.gz"),
        ):
            answer = await api.ask(method, path, json={})
            assert (answer.status, answer.document["code"]) == (409, "disabled"), path


@pytest.mark.parametrize("path", ["/backup/conflicts", "/backup/history"])
async def test_while_it_starts(pair: Pair, path: str) -> None:
    async with serving(pair, runs=False) as api:
        answer = await api.get(path)
        assert (answer.status, answer.document["code"]) == (503, "starting")
