"""The service with its HTTP interface inside the test's own process, to be asked as a client does."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from rich.console import Console
from yarl import URL

from server.api.address import Address
from server.process import hosted
from server.service import Service
from server.settings import Settings
from tests.databases import Pair
from tests.running import BEARER, JWT_SECRET, link_states, until


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    document: Any


@dataclass(slots=True)
class Serving:
    """A service that listens, and a client with an administrator's token."""

    service: Service
    address: Address
    client: aiohttp.ClientSession

    async def ask(self, method: str, path: str, *, token: bool = True, **request: Any) -> Answer:
        """Send a request; the path is sent as it is written."""
        headers = {**(BEARER if token else {}), **request.pop("headers", {})}
        url = URL(f"{self.address}{path}", encoded=True)
        async with self.client.request(
            method, url, headers=headers, allow_redirects=False, **request
        ) as answer:
            content = await answer.read()
            is_json = answer.content_type.endswith("json") and content != b""
            return Answer(
                answer.status,
                answer.headers,
                content,
                await answer.json(content_type=None) if is_json else None,
            )

    async def get(self, path: str, **request: Any) -> Answer:
        return await self.ask("GET", path, **request)

    async def post(self, path: str, body: Any = None, **request: Any) -> Answer:
        return await self.ask("POST", path, **({} if body is None else {"json": body}), **request)

    async def streaming(self) -> None:
        """Wait until both links stream."""

        async def reached() -> bool:
            return link_states(await self.service.status()) == {"streaming"}

        await until(reached)


def settings_of(pair: Pair, **variables: Any) -> Settings:
    """Settings for a pair."""
    given = {"DATABASE_URL": pair.main_url, "BACKUP_DATABASE_URL": pair.backup_url}
    return bare_settings(**{**given, **variables})


def bare_settings(**variables: Any) -> Settings:
    """Settings with the tests' secret, whatever `.env` there is; None leaves a variable out."""
    given = {"JWT_SECRET": JWT_SECRET, "PORT": 0, "LOG_LEVEL": "INFO", **variables}
    sources: dict[str, Any] = {"_env_file": None}
    return Settings(**sources, **{name: value for name, value in given.items() if value is not None})


@asynccontextmanager
async def serving(pair: Pair, *, runs: bool = True, **variables: Any) -> AsyncIterator[Serving]:
    """Serve a pair; with `runs` the links, too, work."""
    console = Console(file=io.StringIO())
    jar = aiohttp.DummyCookieJar()
    async with (
        hosted(settings_of(pair, **variables), None, console) as (service, address),
        aiohttp.ClientSession(cookie_jar=jar) as client,
    ):
        found = Serving(service, address, client)
        task = asyncio.create_task(service.run(address)) if runs else None
        try:
            if runs:
                await found.streaming()
            yield found
        finally:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
