"""Files that are sent as they are: pages, style sheets, scripts. Read once; no other path is ever opened."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from typing import Final

from aiohttp import hdrs, web
from pydantic import ConfigDict

from server.api.content import send
from server.api.route import Access, Call, Content, Handler, Query, Route, Routes

_TYPES: Final = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


class AnyQuery(Query):
    """Query parameters that are the page's own business."""

    model_config = ConfigDict(extra="ignore")


def asset_routes(folder: Traversable, prefix: str, *, index: str | None = None, tag: str = "Pages") -> Routes:
    """Make a route for each file of a folder.

    Args:
        folder: with its folders; names that begin with a dot or underscore are left out.
        prefix: the path that the folder stands at: `/docs` gives `/docs/page.css`.
        index: the file that is also the prefix itself.
        tag: the routes' group.
    """
    found = []
    for name, file in sorted(_files(folder, "")):
        paths = [f"{prefix.rstrip('/')}/{name}"]
        if name == index:
            paths.append(prefix or "/")
        found += [_route(path, file, tag) for path in paths]
    return tuple(found)


def _route(path: str, file: Traversable, tag: str) -> Route:
    media_type = _media_type(file.name)
    return Route(
        method="GET",
        path=path,
        handler=_sender(file.read_bytes(), media_type),
        summary=f"The file {file.name}",
        tag=tag,
        answers={200: Content(media_type, file.name)},
        access=Access.OPEN,
        databases=False,
        query=AnyQuery,
        listed=False,
    )


def _sender(content: bytes, media_type: str) -> Handler:
    is_text = media_type.startswith("text/") or media_type.endswith(("json", "xml"))

    async def asset(call: Call) -> web.Response:
        charset = "utf-8" if is_text else None
        headers = {hdrs.CACHE_CONTROL: "no-cache"}
        return send(call.request, content, media_type, charset=charset, headers=headers)

    return asset


def _media_type(name: str) -> str:
    suffix = "." + name.rpartition(".")[2]
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry
