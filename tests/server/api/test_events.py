from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from cdc import config
from cdc.model import Side
from server.api import events
from server.events import Event, Kind
from tests.databases import Pair
from tests.running import BEARER
from tests.serving import Serving, serving

PATIENCE = 60.0


@dataclass
class Stream:
    """An open stream, read event by event."""

    answer: aiohttp.ClientResponse

    async def block(self) -> dict[str, str]:
        """The next event or comment, by field."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while line := (await self.answer.content.readline()).decode():
                if line == "\n":
                    return fields
                name, _, value = line.rstrip("\n").partition(":")
                fields[name] = value.strip()
        return fields

    async def following(self, kind: str) -> dict[str, Any]:
        """The next event of a kind."""
        while block := await self.block():
            if block.get("event") == kind:
                return {"id": block.get("id"), **orjson.loads(block["data"])}
        raise AssertionError(f"the stream ended without {kind}")

    async def ended(self) -> bool:
        async with asyncio.timeout(PATIENCE):
            await self.answer.content.read()
        return self.answer.content.at_eof()


@asynccontextmanager
async def stream(api: Serving, **headers: str) -> AsyncIterator[Stream]:
    url = f"{api.address}/backup/events"
    async with api.client.get(url, headers={**BEARER, **headers}) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        yield Stream(answer)


@pytest.fixture
async def idle(pair: Pair) -> AsyncIterator[Serving]:
    """A service that listens and does not run: events are what the test publishes."""
    async with serving(pair, runs=False) as found:
        yield found


async def test_what_happens_between_two_databases(pair: Pair) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY, name text)")
    async with serving(pair) as api, stream(api) as following:
        assert await following.block() == {"retry": str(events.RECONNECT_MS)}
        while (await following.following("status"))["state"] != "running":
            pass  # what was told last may be from before the links streamed; what is told next is not
        await pair.main.execute("INSERT INTO product VALUES (1, 'chalk'), (2, 'cue')")
        changes = await following.following("changes")
        assert changes["links"] == {"MAIN_TO_BACKUP": {"product": 2}}
        assert changes["id"]


async def test_conflicts_and_backups(pair: Pair, tmp_path: Path) -> None:
    await pair.main.execute("CREATE TABLE product (id int PRIMARY KEY, name text)")
    await pair.main.execute("INSERT INTO product VALUES (1, 'chalk')")
    async with serving(pair, BACKUP_DIR=str(tmp_path)) as api, stream(api) as following:
        await following.following("status")
        await config.pause(pair.main, [*Side], "tester")
        for side, name in ((Side.MAIN, "ours"), (Side.BACKUP, "theirs")):
            await pair.connection(side).execute("UPDATE product SET name = $1", name)
        await config.resume(pair.main, [*Side], "tester")
        told = await following.following("conflicts")
        assert (told["open"], told["resolved"]) == (1, [])
        assert [(each["entity"], each["entityId"]) for each in told["opened"]] == [("product", "1")]
        answer = await api.post("/backup/conflicts/product/1/resolve", {"resolution": "MAIN"})
        assert answer.status == 200
        assert (await following.following("conflicts"))["open"] == 0
        assert (await api.post("/backup/trigger?wait=true")).status == 200
        while (entry := await following.following("backups"))["status"] == "RUNNING":
            pass
        assert entry["status"] in {"COMPLETED", "UNCHANGED"}


async def test_one_that_comes_back_gets_what_it_missed(idle: Serving) -> None:
    hub = idle.service.monitor.hub
    async with stream(idle) as first:
        hub.publish("changes", {"n": 1})
        last = (await first.following("changes"))["id"]
    hub.publish("changes", {"n": 2})
    async with stream(idle, **{"Last-Event-ID": last}) as again:
        assert (await again.following("changes"))["n"] == 2
    async with stream(idle, **{"Last-Event-ID": "other-7"}) as lost:
        assert (await lost.following("resync"))["id"] is None


async def test_all_streams_end_with_the_service(idle: Serving) -> None:
    async with stream(idle) as one, stream(idle) as other:
        await one.block()
        await other.block()
        idle.service.monitor.hub.close()
        assert await one.ended()
        assert await other.ended()


async def test_a_quiet_stream_says_that_it_lives(idle: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.05)
    async with stream(idle) as quiet:
        await quiet.block()
        assert await quiet.block() == {"": "still here"}


async def test_a_stream_ends_with_the_right_to_it(idle: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LONGEST", 0.1)
    async with stream(idle) as brief:
        assert await brief.ended()


async def test_it_is_for_administrators_and_reads_only(idle: Serving) -> None:
    assert (await idle.get("/backup/events", token=False)).status == 401
    assert (await idle.post("/backup/events")).status == 405
    head = await idle.ask("HEAD", "/backup/events")
    assert (head.status, head.content) == (200, b"")
    assert idle.service.monitor.hub.listeners == 0


async def test_one_too_many_is_told_so(idle: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.events.LISTENERS", 1)
    async with stream(idle) as first:
        await first.block()
        refused = await idle.get("/backup/events")
        assert (refused.status, refused.document["code"]) == (503, "too-many-listeners")
        assert "Retry-After" in refused.headers


async def test_one_that_does_not_read_is_dropped(idle: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "WRITE_SECONDS", 0.2)
    hub = idle.service.monitor.hub
    reader, writer = await asyncio.open_connection(idle.address.host, idle.address.port, limit=1024)
    token = BEARER["Authorization"]
    request = f"GET /backup/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n\r\n"
    writer.write(request.encode())
    await reader.readline()
    async with asyncio.timeout(PATIENCE):
        while hub.listeners:
            hub.publish("changes", {"text": "x" * 500_000})
            await asyncio.sleep(0.01)
    assert hub.listeners == 0
    writer.transport.abort()


def test_the_form_of_an_event() -> None:
    assert events.frame(Event("a-1", Kind.STATUS, b"{}")) == b"id: a-1\nevent: status\ndata: {}\n\n"
    assert events.frame(Event("", Kind.RESYNC, b"{}")) == b"event: resync\ndata: {}\n\n"
