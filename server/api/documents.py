"""`/openapi.json`, and `/docs`: the page that shows it, from files of our own."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final

import orjson
from aiohttp import hdrs, web

from server.api.assets import asset_routes
from server.api.content import send
from server.api.route import Access, Call, Content, Route, Routes


@cache
def _specification() -> bytes:
    from server.api.openapi import specification  # noqa: PLC0415 - the table of routes has this route in it
    from server.api.routes import ROUTES  # noqa: PLC0415 - as above

    return orjson.dumps(specification(ROUTES, version("cdc")), option=orjson.OPT_INDENT_2)


async def openapi(call: Call) -> web.Response:
    """Send the description of this API."""
    headers = {hdrs.CACHE_CONTROL: "no-cache"}
    return send(call.request, _specification(), "application/json", headers=headers)


DESCRIPTION: Final = Route(
    method="GET",
    path="/openapi.json",
    handler=openapi,
    summary="This description, OpenAPI 3.1",
    tag="Pages",
    answers={200: Content("application/json", "The OpenAPI document")},
    access=Access.OPEN,
    databases=False,
)

ROUTES: Routes = (
    DESCRIPTION,
    *asset_routes(files("server.api").joinpath("docs"), "/docs", index="index.html"),
)
