"""Where the keys come from that tokens are checked with: the settings, or a JWKS that is fetched.

A fetched set is kept for as long as its address does not answer with a better one. A key that is not in it has
the set fetched again, but not more often than REFRESH_SECONDS, whatever tokens arrive.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Protocol

import aiohttp
import orjson
import structlog
from jwt import PyJWK, PyJWTError

from cdc.errors import ConfigurationError
from server.api.tokens import Key, Terms, TokenRefused, key_of, read_public_key
from server.settings import Settings

REFRESH_SECONDS: Final = 15.0
"""Seconds between two attempts to fetch."""
FRESH_SECONDS: Final = 600.0
"""Age from which a set is fetched again though it has the key, so that withdrawn keys go."""
FETCH_SECONDS: Final = 5.0
LARGEST_SET: Final = 256 * 1024
MOST_KEYS: Final = 100

_log = structlog.get_logger(__name__)


class KeysUnavailable(Exception):
    """No set of keys could be fetched yet."""


class Keys(Protocol):
    """Finds the key for a token."""

    async def find(self, identifier: str | None) -> Key:
        """Give the key of an identifier (`kid`); None: the token names none.

        Raises:
            TokenRefused: there is no such key.
            KeysUnavailable: it cannot be known now.
        """

    async def close(self) -> None:
        """End what is under way."""


class FixedKey:
    """The one key of the settings."""

    def __init__(self, key: Key) -> None:
        self._key = key

    async def find(self, identifier: str | None) -> Key:
        """Give the key, whatever the token calls it."""
        del identifier
        return self._key

    async def close(self) -> None:
        """Nothing is under way."""


class PublishedKeys:
    """The keys that an issuer publishes.

    Args:
        url: of the JWKS.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._keys: Mapping[str | None, Key] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, identifier: str | None) -> Key:
        """Give the key of an identifier; fetches where it is not known or the set is old."""
        key = self._known(identifier)
        if key is None or self._age(self._fetched) > FRESH_SECONDS:
            fetching = self._fetch_soon()
            if key is None and fetching is not None:
                await asyncio.shield(fetching)
                key = self._known(identifier)
        if key is not None:
            return key
        if self._fetched is None:
            raise KeysUnavailable
        raise TokenRefused("it is signed with a key that its issuer does not publish")

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait({self._fetching})

    def _known(self, identifier: str | None) -> Key | None:
        if identifier is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(identifier)

    def _fetch_soon(self) -> asyncio.Task[None] | None:
        """Begin to fetch, unless that was tried a moment ago; one fetch serves all who wait."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        if self._age(self._tried) < REFRESH_SECONDS:
            return None
        self._tried = time.monotonic()
        self._fetching = asyncio.create_task(self._fetch(), name="jwks")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._url, allow_redirects=False) as answer,
            ):
                content = await _content(answer)
            self._keys = read_set(content)
            self._fetched = time.monotonic()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            kept = len(self._keys)
            _log.warning("JWT_JWKS_URL: no keys were fetched", error=str(error) or "no answer", kept=kept)

    @staticmethod
    def _age(since: float | None) -> float:
        return float("inf") if since is None else time.monotonic() - since


async def _content(answer: aiohttp.ClientResponse) -> bytes:
    if answer.status != HTTPStatus.OK:
        raise ValueError(f"it answered {answer.status}")
    content = b""
    async for part in answer.content.iter_any():
        content += part
        if len(content) > LARGEST_SET:
            raise ValueError(f"it is larger than {LARGEST_SET} bytes")
    return content


def read_set(content: bytes) -> dict[str | None, Key]:
    """Read a JWKS; keys that are not for signing, or of a kind that is not used here, are left out.

    Raises:
        ValueError: it is no JWKS, or has no usable key.
    """
    document = orjson.loads(content)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("it is no JSON Web Key Set")  # noqa: TRY004 - one kind of error for all that is wrong with it
    found: dict[str | None, Key] = {}
    for entry in entries[:MOST_KEYS]:
        key = _read_entry(entry)
        if key is not None:
            found[key.identifier] = key
    if not found:
        raise ValueError("it has no key for RS256, ES256 or EdDSA")
    return found


def _read_entry(entry: Any) -> Key | None:
    if not isinstance(entry, dict) or entry.get("kty") not in {"RSA", "EC", "OKP"} or "d" in entry:
        return None
    identifier = entry.get("kid")
    if entry.get("use", "sig") != "sig" or not isinstance(identifier, str | None):
        return None
    try:
        key = key_of(PyJWK.from_dict(entry).key, identifier)
    except (PyJWTError, ValueError, TypeError):
        return None
    return key if entry.get("alg", key.algorithm) == key.algorithm else None


def keys_of(settings: Settings, secret: str | None) -> Keys:
    """Make the keys that the settings name.

    Args:
        settings: valid ones.
        secret: the demo's own, for where the settings name none.

    Raises:
        ConfigurationError: no key is named and there is no demo secret.
    """
    if settings.jwt_jwks_url is not None:
        return PublishedKeys(settings.jwt_jwks_url.get_secret_value())
    if settings.jwt_public_key is not None:
        return FixedKey(read_public_key(settings.jwt_public_key.get_secret_value()))
    if settings.jwt_secret is not None:
        secret = settings.jwt_secret.get_secret_value()
    if secret is None:
        raise ConfigurationError(
            "JWT_SECRET: is not set, and neither is JWT_PUBLIC_KEY nor JWT_JWKS_URL",
            hint="Set one of them: the API needs a key to check tokens with. "
            "`openssl rand -hex 32` makes a good JWT_SECRET.",
        )
    return FixedKey(Key("HS256", secret))


def terms_of(settings: Settings) -> Terms:
    """Give what tokens must say by the settings."""
    return Terms(
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        role_claim=settings.jwt_role_claim,
        admin_role=settings.jwt_admin_role,
    )
