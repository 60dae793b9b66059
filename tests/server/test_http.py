from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.http import Address, AddressError, application, listening

HOSTS = ("localhost", "127.0.0.1", "[::1]")


async def status() -> dict[str, Any]:
    return {"state": "running"}


@pytest.fixture
async def address() -> AsyncIterator[Address]:
    async with listening(application(status, HOSTS), "127.0.0.1", 0) as bound:
        yield bound


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def test_the_two_routes(address: Address, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{address}/livez") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})
    async with session.get(f"{address}/backup/status") as answer:
        assert (answer.status, await answer.json()) == (200, {"state": "running"})
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "cdc"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:3001", "", "localhost.evil.example", "[::2]"])
async def test_a_foreign_host_header_is_refused(
    address: Address, session: aiohttp.ClientSession, host: str
) -> None:
    async with session.get(f"{address}/backup/status", headers={"Host": host}) as answer:
        assert answer.status == 421
        assert answer.content_type == "application/problem+json"
        assert (await answer.json())["status"] == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:3001", "127.0.0.1:80", "[::1]:3001"])
async def test_names_of_this_machine_are_taken(
    address: Address, session: aiohttp.ClientSession, host: str
) -> None:
    async with session.get(f"{address}/backup/status", headers={"Host": host}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path", "expected"), [("GET", "/nothing", 404), ("POST", "/backup/status", 405)]
)
async def test_errors_are_problem_documents(
    address: Address, session: aiohttp.ClientSession, method: str, path: str, expected: int
) -> None:
    async with session.request(method, f"{address}{path}") as answer:
        assert answer.status == expected
        assert answer.content_type == "application/problem+json"
        assert set(await answer.json()) == {"type", "title", "status", "detail"}


async def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=f"PORT: {port} on 127.0.0.1 is taken") as caught:
            async with listening(application(status, HOSTS), "127.0.0.1", port):
                pass
        assert caught.value.hint


async def test_an_address_that_is_not_this_machines() -> None:
    with pytest.raises(AddressError, match=r"HOST: cannot listen on 192\.0\.2\.1"):
        async with listening(application(status, HOSTS), "192.0.2.1", 0):
            pass
