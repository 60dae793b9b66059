"""From a route's declaration to what aiohttp calls: who asks, what is asked, the answer in its model's form."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from pydantic import BaseModel, ValidationError

from server.api.audit import audited
from server.api.content import send
from server.api.context import CONTEXT, IDENTIFIER, Context
from server.api.identity import SAFE_METHODS, Identity
from server.api.problem import FieldFault, Problem, invalid, refused_fields
from server.api.route import Access, Call, Nothing, Query, Reply, Result, Route

BODY_SECONDS: Final = 30.0
"""Seconds that a client may take to send a body."""
JSON_TYPE: Final = "application/json"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def handler(route: Route) -> Handler:
    """Make what aiohttp calls for a route."""

    async def handle(request: web.Request) -> web.StreamResponse:
        context = request.app[CONTEXT]
        identity = await _identify(context, route, request)
        if route.changes and not context.settings.enable_backup_service:
            raise Problem(
                409,
                "disabled",
                "ENABLE_BACKUP_SERVICE is false: nothing is written",
                hint="Set ENABLE_BACKUP_SERVICE=true and start the service again.",
            )
        if any("\x00" in part for name, part in request.match_info.items() if name != "name"):
            raise Problem(404, "not-found", "there is nothing of that name")
        query = read_query(route.query, request)
        body = await _read_body(route, request)
        call = Call(context, identity, request, query, body)
        if not route.changes:
            return answer(request, route, await route.handler(call))
        return answer(request, route, await audited(call, request[IDENTIFIER], lambda: route.handler(call)))

    return handle


def answer(request: web.Request, route: Route, result: Result) -> web.StreamResponse:
    """Make the response of a result; one that the client has already is not sent again."""
    if isinstance(result, web.StreamResponse):
        return result
    if not isinstance(result, Reply):
        result = Reply(result, status=next(iter(route.answers)))
    if result.document is None:
        return web.Response(status=result.status, headers=result.headers)
    text = result.document.model_dump_json(by_alias=True).encode()
    if request.method in SAFE_METHODS:
        return send(request, text, JSON_TYPE, status=result.status, headers=result.headers)
    return web.Response(body=text, status=result.status, headers=result.headers, content_type=JSON_TYPE)


def read_query(kind: type[Query], request: web.Request) -> Query:
    """Read the query parameters; an empty one counts as not given.

    Raises:
        Problem: 422, naming those that are wrong.
    """
    given = {name: value for name, value in request.query.items() if value != ""}
    twice = [name for name, count in Counter(request.query.keys()).items() if count > 1]
    if twice:
        raise refused_fields([FieldFault(field=name, detail="is given more than once") for name in twice])
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise invalid(error) from None


async def _identify(context: Context, route: Route, request: web.Request) -> Identity:
    match route.access:
        case Access.ADMIN:
            return await context.guard.administrator(request)
        case Access.METRICS if not context.settings.metrics_public:
            return await context.guard.scraper(request)
        case _:
            return context.guard.anyone(request)


async def _read_body(route: Route, request: web.Request) -> BaseModel:
    if route.body is None:
        return Nothing()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            content = await request.read()
    except TimeoutError:
        raise Problem(408, "too-slow", f"the body did not arrive within {BODY_SECONDS:g} seconds") from None
    if content and request.content_type != JSON_TYPE:
        raise Problem(
            415,
            "no-json",
            f"the body is {request.content_type}, not JSON",
            hint="Send `Content-Type: application/json`.",
            headers={"Accept-Post": JSON_TYPE},
        )
    try:
        return route.body.model_validate_json(content or b"{}")
    except ValidationError as error:
        raise invalid(error) from None
