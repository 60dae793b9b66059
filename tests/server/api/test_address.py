from __future__ import annotations

import socket

import pytest
from aiohttp import web

from server.api.address import AddressError, listening
from server.api.connections import ROOM, Room


def app() -> web.Application:
    made = web.Application()
    made[ROOM] = Room(10)
    return made


async def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=f"PORT: {port} on 127.0.0.1 is taken") as caught:
            async with listening(app(), "127.0.0.1", port):
                pass
        assert caught.value.hint


async def test_an_address_that_is_not_this_machines() -> None:
    with pytest.raises(AddressError, match=r"HOST: cannot listen on 192\.0\.2\.1"):
        async with listening(app(), "192.0.2.1", 0):
            pass
