"""One connection's protocol, where what is no HTTP is refused like everything else: by a problem document."""

from __future__ import annotations

from typing import Final

import orjson
from aiohttp import web

from server.api.problem import MEDIA_TYPE, Problem

BAD_REQUEST: Final = 400


class Protocol(web.RequestHandler):
    """aiohttp's handler of one connection."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what never gets as far as a route, and close the connection."""
        super().handle_error(request, status, exc, message)
        malformed = status == BAD_REQUEST
        detail = "the request is not proper HTTP, or its first line or a header is too long"
        problem = Problem(
            status, "malformed" if malformed else "internal", detail if malformed else "it failed"
        )
        content = orjson.dumps(problem.document(None))
        response = web.Response(body=content, status=status, content_type=MEDIA_TYPE)
        response.force_close()
        return response
