"""The HTTP interface: `/livez` and `GET /backup/status`.

Until tokens are asked for, `/backup/status` answers only this machine: the peer's address must be a loopback
one and the Host header must be one of ALLOWED_HOSTS, so that no web page can read it by rebinding a name.
"""

from __future__ import annotations

import errno
import ipaddress
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from cdc.errors import ConfigurationError

STOP_SECONDS = 2.0
BODY_BYTES = 64 * 1024

Status = Callable[[], Awaitable[dict[str, Any]]]
STATUS: web.AppKey[Status] = web.AppKey("status")
ALLOWED: web.AppKey[frozenset[str]] = web.AppKey("allowed")
PROBLEM = "application/problem+json"

_PHRASES = {403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 421: "Misdirected Request"}


class AddressError(ConfigurationError):
    """The address to listen on cannot be had."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the service listens."""

    host: str
    port: int

    def __str__(self) -> str:
        """Write the URL."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def application(status: Status, allowed_hosts: tuple[str, ...]) -> web.Application:
    """Make the application.

    Args:
        status: makes the status document; must not raise for a database that is away.
        allowed_hosts: names that the Host header may have, ports left out.
    """
    app = web.Application(middlewares=[_problems, _guard], client_max_size=BODY_BYTES)
    app[STATUS] = status
    app[ALLOWED] = frozenset(host.strip("[]").lower() for host in allowed_hosts)
    app.router.add_get("/livez", _livez)
    app.router.add_get("/backup/status", _status)
    app.on_response_prepare.append(_headers)
    return app


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[Address]:
    """Serve the application on one address; port 0 takes any free one.

    Raises:
        AddressError: the address is in use, not this machine's, or not allowed.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host.strip("[]"), port)
        try:
            await site.start()
        except OSError as error:
            raise _refused(error, host, port) from error
        bound = runner.addresses[0]
        yield Address(str(bound[0]), int(bound[1]))
    finally:
        await runner.cleanup()


def _refused(error: OSError, host: str, port: int) -> AddressError:
    if error.errno == errno.EADDRINUSE:
        return AddressError(
            f"PORT: {port} on {host} is taken by another program",
            hint="Stop that program, or set PORT to a free one (0 takes any).",
        )
    if error.errno == errno.EACCES:
        return AddressError(
            f"PORT: {port} on {host} is not allowed to this user", hint="Set PORT above 1023."
        )
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
    return AddressError(
        f"HOST: cannot listen on {host}:{port}: {reason}", hint="Set HOST to an address of this machine."
    )


async def _livez(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _status(request: web.Request) -> web.Response:
    return web.json_response(await request.app[STATUS]())


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - redirects are answers
            raise
        headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return _problem(error.status, error.reason, headers)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only this machine, and only under one of its names. `/livez` is open."""
    if request.path == "/livez":
        return await handler(request)
    if _host_name(request.headers.get("Host", "")) not in request.app[ALLOWED]:
        return _problem(421, "the Host header is not one of ALLOWED_HOSTS")
    if not _is_loopback(request.remote or ""):
        return _problem(403, "only this machine may ask, until tokens are configured")
    return await handler(request)


async def _headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "cdc"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"type": "about:blank", "title": _PHRASES.get(status, "Error"), "status": status, "detail": detail}
    response = web.json_response(body, status=status, content_type=PROBLEM)
    response.headers.update(headers or {})
    return response


def _host_name(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _is_loopback(remote: str) -> bool:
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
