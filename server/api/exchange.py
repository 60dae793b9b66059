"""What every request goes through: an id, the Host header, refusals as problems, headers, one line in the log."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import asyncpg
import orjson
import structlog
from aiohttp import hdrs, web

from cdc.session import UNREACHABLE
from server.api.context import CONTEXT, IDENTIFIER
from server.api.identity import SAFE_METHODS
from server.api.origin import host_name
from server.api.problem import MEDIA_TYPE, RETRY_SECONDS, Problem, problem_of

ANY_HOST: Final = frozenset({"/livez", "/readyz"})
"""Probes name a machine by its address, and learn nothing."""
REQUEST_ID: Final = "X-Request-Id"
HEADERS: Final = {
    hdrs.SERVER: "cdc",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

ALLOWED: web.AppKey[frozenset[str]] = web.AppKey("allowed")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large"}
_log = structlog.get_logger("server.api")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def record(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id and write a line about it: never its query, which may hold a login code."""
    given = request.headers.get(REQUEST_ID, "")
    request[IDENTIFIER] = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with structlog.contextvars.bound_contextvars(request_id=request[IDENTIFIER]):
        response = await handler(request)
        quiet = request.method in SAFE_METHODS and response.status < HTTPStatus.BAD_REQUEST
        say = _log.debug if quiet else _log.info
        say(
            "request",
            method=request.method,
            path=request.path,
            status=response.status,
            client=request.app[CONTEXT].guard.client(request),
            ms=round((loop.time() - began) * 1000, 1),
        )
    return response


@web.middleware
async def refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever is raised into a problem document."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        if error.status == HTTPStatus.METHOD_NOT_ALLOWED and request.method == hdrs.METH_OPTIONS:
            methods = ", ".join(sorted({*error.headers[hdrs.ALLOW].split(","), hdrs.METH_OPTIONS}))
            return web.Response(status=HTTPStatus.NO_CONTENT, headers={hdrs.ALLOW: methods})
        headers = {"Allow": error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}
        code = _CODES.get(error.status, "refused")
        return document(request, Problem(error.status, code, _detail(request, error), headers=headers))
    except Exception as error:  # noqa: BLE001 - nothing but a problem document may leave
        return document(request, _expected(error) or _unexpected(request, error))


@web.middleware
async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only under a name of ours, so that no web page can reach us by rebinding one of its own."""
    host = request.headers.get(hdrs.HOST, "")
    if request.path not in ANY_HOST and host_name(host) not in request.app[ALLOWED]:
        raise Problem(
            421,
            "wrong-host",
            "the Host header is not one of ALLOWED_HOSTS",
            hint="Add the name that this service is reached by to ALLOWED_HOSTS.",
        )
    return await handler(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what every answer carries."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers[hdrs.SERVER] = HEADERS[hdrs.SERVER]
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    if IDENTIFIER in request:
        response.headers[REQUEST_ID] = request[IDENTIFIER]
    if request.app[CONTEXT].guard.is_secure(request):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"


def document(request: web.Request, problem: Problem) -> web.Response:
    """Make the response of a problem."""
    return web.Response(
        body=orjson.dumps(problem.document(request.get(IDENTIFIER)), default=str),
        status=problem.status,
        headers=problem.headers,
        content_type=MEDIA_TYPE,
    )


def _expected(error: Exception) -> Problem | None:
    found = problem_of(error)
    if found is None and isinstance(error, UNREACHABLE):
        return Problem(
            503, "database-away", "a database went away", headers={"Retry-After": str(RETRY_SECONDS)}
        )
    if found is None and isinstance(error, asyncpg.InsufficientPrivilegeError):
        return Problem(503, "right-missing", f"the service lacks a right in the database: {error}")
    return found


def _unexpected(request: web.Request, error: Exception) -> Problem:
    _log.error("a request failed", method=request.method, path=request.path, exc_info=error)
    return Problem(
        500,
        "internal",
        "this is a fault of the service; its log has the details under the request's id",
    )


def _detail(request: web.Request, error: web.HTTPException) -> str:
    match error.status:
        case HTTPStatus.NOT_FOUND:
            return "there is nothing at this path"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return f"{request.method} is not possible here"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return "the body is too large"
        case _:
            return error.reason
