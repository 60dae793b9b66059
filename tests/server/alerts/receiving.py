"""A web server that takes alerts, as a user's would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from server.alerts.conditions import Condition
from server.alerts.message import Message

PATIENCE = 60.0


@dataclass
class Received:
    """What arrived, and what is answered: one status after the other, the last for good."""

    answers: list[int] = field(default_factory=lambda: [200])
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    _more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._more:
            self.requests.append((dict(request.headers), body))
            self._more.notify_all()
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.Response(status=status, headers={"Location": self.url} if status // 100 == 3 else {})

    async def until(self, condition: Callable[[list[dict[str, Any]]], bool]) -> list[dict[str, Any]]:
        """Wait until what arrived is as wanted; gives the bodies."""

        def bodies() -> list[dict[str, Any]]:
            return [orjson.loads(body) for _, body in self.requests]

        async with self._more, asyncio.timeout(PATIENCE):
            await self._more.wait_for(lambda: condition(bodies()))
        return bodies()


@asynccontextmanager
async def receiving(*answers: int) -> AsyncIterator[Received]:
    received = Received([*answers] or [200])
    app = web.Application()
    app.router.add_post("/hook", received.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        received.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield received
    finally:
        await runner.cleanup()


def message(number: int = 1) -> Message:
    return Message(f"delivery-{number}", "a title", "some words", "warning", orjson.dumps({"n": number}))


STOPPED = Condition("link-stopped:MAIN_TO_BACKUP", "error", "MAIN_TO_BACKUP has stopped", "`cdc resume`")
