"""Browser sessions: a token, or the demo's one-time code, becomes a cookie that scripts cannot read."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import structlog
from aiohttp import hdrs, web
from pydantic import Field

from server.api.identity import Identity, Way
from server.api.route import Access, Body, Call, Document, Query, Reply, Route, Routes, Text, Time

_log = structlog.get_logger("server.api")


class LoginBody(Body):
    """What somebody shows who they are with."""

    token: Text = Field(min_length=1, max_length=8000, description="An administrator's token")


class LoginQuery(Query):
    """The link that `cdc run` prints in the demo."""

    code: Text | None = Field(None, max_length=200, description="A one-time code")


class SessionDocument(Document):
    """Who is logged in."""

    actor: str
    way: Way
    expires_at: Time | None


async def log_in(call: Call) -> Reply:
    """Begin a session with a token."""
    guard, request = call.context.guard, call.request
    guard.require_own_page(request)
    bearer = await guard.log_in(request, call.body(LoginBody).token)
    _log.info("logged in", actor=bearer.name, client=call.identity.client)
    secret, session = guard.sessions.begin(bearer.name, bearer.expires)
    identity = Identity(bearer.name, Way.SESSION, call.identity.client, session.expires)
    return Reply(_document(identity), headers={hdrs.SET_COOKIE: _cookie(call, secret, session.expires)})


async def follow_link(call: Call) -> web.Response:
    """Begin a session with a one-time code, and go on to the dashboard; without a good one, to its login."""
    guard, code = call.context.guard, call.query(LoginQuery).code
    if call.request.method == hdrs.METH_HEAD or code is None or not guard.redeem(call.request, code):
        return web.Response(
            status=303, headers={hdrs.LOCATION: "/?login=needed" if code is None else "/?login=expired"}
        )
    secret, session = guard.sessions.begin("demo")
    _log.info("logged in by the one-time link", client=call.identity.client)
    cookie = _cookie(call, secret, session.expires)
    return web.Response(status=303, headers={hdrs.LOCATION: "/", hdrs.SET_COOKIE: cookie})


async def log_out(call: Call) -> Reply:
    """End the session of the cookie that was sent, if any."""
    guard = call.context.guard
    guard.require_own_page(call.request)
    guard.sessions.end(call.request.cookies.get(guard.cookie_name(call.request), ""))
    return Reply(None, status=204, headers={hdrs.SET_COOKIE: _cookie(call, "", 0.0)})


async def read_session(call: Call) -> SessionDocument:
    """Say who asks."""
    return _document(call.identity)


def _document(identity: Identity) -> SessionDocument:
    expires = identity.expires
    at = None if expires is None else datetime.fromtimestamp(expires, UTC)
    return SessionDocument(actor=identity.actor, way=identity.way, expires_at=at)


def _cookie(call: Call, secret: str, expires: float) -> str:
    guard = call.context.guard
    age = max(0, int(expires - time.time()))
    secure = "; Secure" if guard.is_secure(call.request) else ""
    name = guard.cookie_name(call.request)
    return f"{name}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"


_REFUSALS = {
    401: "The token is not good",
    403: "The token lacks the role, or another site's page asks",
    429: "Too many bad attempts",
    503: "The keys cannot be fetched",
}

ROUTES: Routes = (
    Route(
        method="POST",
        path="/login",
        handler=log_in,
        summary="Begin a browser session with a token",
        tag="Session",
        answers={200: SessionDocument},
        refusals=_REFUSALS,
        body=LoginBody,
        access=Access.OPEN,
        databases=False,
    ),
    Route(
        method="GET",
        path="/login",
        handler=follow_link,
        summary="Begin a browser session with a one-time code",
        tag="Session",
        answers={303: None},
        refusals={429: "Too many bad attempts"},
        query=LoginQuery,
        access=Access.OPEN,
        databases=False,
    ),
    Route(
        method="POST",
        path="/logout",
        handler=log_out,
        summary="End the browser session",
        tag="Session",
        answers={204: None},
        refusals={403: "Another site's page asks"},
        access=Access.OPEN,
        databases=False,
    ),
    Route(
        method="GET",
        path="/backup/session",
        handler=read_session,
        summary="Who asks, and until when",
        tag="Session",
        answers={200: SessionDocument},
        databases=False,
    ),
)
