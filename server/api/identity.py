"""Who asks: the bearer of a token, somebody who has logged in, or a scraper of metrics."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from server.api.keys import Keys, KeysUnavailable
from server.api.limits import Limit
from server.api.origin import Network, client_address, is_same_site, is_trusted
from server.api.problem import RETRY_SECONDS, Problem
from server.api.sessions import Sessions
from server.api.tokens import Bearer, Terms, TokenRefused, key_identifier, verify

COOKIE: Final = "cdc_session"
SECURE_COOKIE: Final = "__Host-cdc_session"
"""What the cookie is called where the browser speaks HTTPS."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
BAD_TOKENS, BAD_TOKENS_SECONDS = 60, 60.0
BAD_LOGINS, BAD_LOGINS_SECONDS = 10, 60.0


class Way(StrEnum):
    """How somebody showed who they are."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105 - a word
    SESSION = "session"
    SCRAPER = "scraper"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks, and from where. `expires` is in seconds since 1970, None where it does not end."""

    actor: str
    way: Way
    client: str
    expires: float | None = None


class Guard:
    """Tells who asks, and refuses those who may not.

    Args:
        keys: to check tokens with.
        terms: what tokens must say.
        trusted: proxies whose word about the client is taken.
        metrics_token: the scrapers' fixed token, if any.
    """

    def __init__(
        self, keys: Keys, terms: Terms, *, trusted: tuple[Network, ...] = (), metrics_token: str | None = None
    ) -> None:
        self._keys = keys
        self._terms = terms
        self._trusted = trusted
        self._metrics_token = metrics_token
        self._bad_tokens = Limit(BAD_TOKENS, BAD_TOKENS_SECONDS)
        self._bad_logins = Limit(BAD_LOGINS, BAD_LOGINS_SECONDS)
        self.sessions = Sessions()

    def client(self, request: web.Request) -> str:
        """Tell the address of the one who asks, behind our proxies."""
        return client_address(request.remote, request.headers.get("X-Forwarded-For"), self._trusted)

    def is_secure(self, request: web.Request) -> bool:
        """Whether the browser speaks HTTPS, to us or to our proxy."""
        said = request.headers.get("X-Forwarded-Proto", "")
        return request.secure or (is_trusted(request.remote, self._trusted) and said.lower() == "https")

    def cookie_name(self, request: web.Request) -> str:
        """Name the cookie for this request."""
        return SECURE_COOKIE if self.is_secure(request) else COOKIE

    def anyone(self, request: web.Request) -> Identity:
        """Give the identity of somebody who needs none."""
        return Identity("anyone", Way.NONE, self.client(request))

    async def administrator(self, request: web.Request) -> Identity:
        """Give the administrator who asks.

        Raises:
            Problem: 401 without a good token or session, 403 without the role or from another site's page,
                429 after too many bad tokens, 503 where the issuer's keys cannot be had.
        """
        client = self.client(request)
        if hdrs.AUTHORIZATION in request.headers:
            bearer = await self._bearer(_presented(request), client)
            return Identity(bearer.name, Way.TOKEN, client, bearer.expires)
        session = self.sessions.find(request.cookies.get(self.cookie_name(request), ""))
        if session is None:
            raise _unauthorized("a token is needed", challenge="")
        if request.method not in SAFE_METHODS:
            self.require_own_page(request)
        return Identity(session.actor, Way.SESSION, client, session.expires)

    async def scraper(self, request: web.Request) -> Identity:
        """Give who may read metrics: the holder of METRICS_TOKEN, or an administrator.

        Raises:
            Problem: as for an administrator.
        """
        fixed = self._metrics_token
        if fixed is not None and hdrs.AUTHORIZATION in request.headers:
            shown = _presented(request).encode("utf-8", "surrogateescape")
            if hmac.compare_digest(shown, fixed.encode()):
                return Identity("metrics", Way.SCRAPER, self.client(request))
        return await self.administrator(request)

    async def log_in(self, request: web.Request, token: str) -> Bearer:
        """Check a token that somebody logs in with.

        Raises:
            Problem: as for an administrator.
        """
        client = self.client(request)
        self._require_tries(client)
        try:
            return await self._bearer(token, client)
        except Problem as refusal:
            if refusal.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS}:
                self._bad_logins.take(client)
            raise

    def redeem(self, request: web.Request, code: str) -> bool:
        """Use up a one-time code. Returns whether it was good.

        Raises:
            Problem: 429 after too many bad ones.
        """
        client = self.client(request)
        self._require_tries(client)
        good = self.sessions.redeem(code)
        if not good:
            self._bad_logins.take(client)
        return good

    def require_own_page(self, request: web.Request) -> None:
        """Make sure that no other site's page makes a browser do this.

        Raises:
            Problem: 403.
        """
        if not is_same_site(request.headers, request.headers.get(hdrs.HOST, "")):
            raise Problem(
                403,
                "cross-site",
                "the request was not made by a page of this service",
                hint="Programs send a token in the header Authorization instead of a cookie.",
            )

    async def close(self) -> None:
        """End what is under way."""
        await self._keys.close()

    async def _bearer(self, token: str, client: str) -> Bearer:
        """Check a token. A good one is let in however many bad ones came from the same address."""
        try:
            bearer = verify(token, await self._keys.find(key_identifier(token)), self._terms)
        except KeysUnavailable:
            raise Problem(
                503,
                "keys-unavailable",
                "the keys that tokens are checked with cannot be fetched",
                hint="JWT_JWKS_URL must answer with a key set; the log says what it answered.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            ) from None
        except TokenRefused as error:
            wait = self._bad_tokens.wait(client)
            if wait:
                raise _too_many(wait) from None
            self._bad_tokens.take(client)
            raise _unauthorized(f"the token is refused: {error}", challenge='error="invalid_token"') from None
        if not bearer.admin:
            raise Problem(
                403,
                "role-missing",
                f"the token does not have the role {self._terms.admin_role}",
                hint="JWT_ROLE_CLAIM and JWT_ADMIN_ROLE say where the role stands and what it is called.",
            )
        return bearer

    def _require_tries(self, client: str) -> None:
        if wait := self._bad_logins.wait(client):
            raise _too_many(wait)


def _presented(request: web.Request) -> str:
    """Take the token out of the header; empty where another scheme is used."""
    scheme, _, token = request.headers[hdrs.AUTHORIZATION].partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _unauthorized(detail: str, *, challenge: str) -> Problem:
    return Problem(
        401,
        "unauthorized",
        detail,
        hint="Send `Authorization: Bearer …`; `cdc token` makes a token where JWT_SECRET is used.",
        headers={hdrs.WWW_AUTHENTICATE: ", ".join(filter(None, ['Bearer realm="cdc"', challenge]))},
    )


def _too_many(seconds: int) -> Problem:
    return Problem(
        429,
        "too-many-attempts",
        "too many bad tokens or logins from this address",
        hint="Wait, then try again with a good one.",
        headers={"Retry-After": str(seconds)},
    )
