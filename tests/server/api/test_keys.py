from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cdc.errors import ConfigurationError
from server.api import keys
from server.api.keys import KeysUnavailable, PublishedKeys, keys_of, read_set
from server.api.tokens import TokenRefused
from tests.serving import bare_settings

FAILURES = [(500, None), (302, None), (200, "no json"), (200, '{"keys": []}'), (200, "[" * 9999)]
FIRST, SECOND = (rsa.generate_private_key(65537, 2048) for _ in range(2))


def published(private: Any, kid: str | None, **more: Any) -> dict[str, Any]:
    kind = (
        jwt.algorithms.RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    )
    entry = json.loads(kind.to_jwk(private.public_key()))
    return {**entry, **({} if kid is None else {"kid": kid}), **more}


@dataclass(slots=True)
class Issuer:
    """Publishes a set of keys, or fails to."""

    entries: list[Any] = field(default_factory=list)
    status: int = 200
    text: str | None = None
    asked: int = 0
    url: str = ""

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(status=self.status, text=self.text or json.dumps({"keys": self.entries}))


@pytest.fixture
async def issuer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Issuer]:
    monkeypatch.setattr(keys, "REFRESH_SECONDS", 0.0)
    found = Issuer([published(FIRST, "one")])
    app = web.Application()
    app.router.add_get("/keys", found.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    yield found
    await runner.cleanup()


async def test_keys_rotate(issuer: Issuer) -> None:
    source = PublishedKeys(issuer.url)
    assert (await source.find("one")).identifier == "one"
    await source.find("one")
    assert issuer.asked == 1
    issuer.entries = [published(FIRST, "one"), published(SECOND, "two")]
    assert (await source.find("two")).identifier == "two"
    assert issuer.asked == 2


@pytest.mark.parametrize(("status", "text"), FAILURES)
async def test_an_issuer_that_fails_leaves_the_last_good_set(
    issuer: Issuer, status: int, text: str | None
) -> None:
    source = PublishedKeys(issuer.url)
    await source.find("one")
    issuer.status, issuer.text = status, text
    with pytest.raises(TokenRefused):
        await source.find("unknown")
    assert (await source.find("one")).identifier == "one"


async def test_an_issuer_that_never_answered(issuer: Issuer) -> None:
    issuer.status = 503
    source = PublishedKeys(issuer.url)
    with pytest.raises(KeysUnavailable):
        await source.find("one")
    issuer.status = 200
    assert (await source.find("one")).identifier == "one"


async def test_unknown_keys_do_not_have_the_set_fetched_again_and_again(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "REFRESH_SECONDS", 60.0)
    source = PublishedKeys(issuer.url)
    for number in range(20):
        with pytest.raises(TokenRefused):
            await source.find(f"unknown {number}")
    assert issuer.asked == 1


async def test_an_old_set_is_fetched_beside(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    source = PublishedKeys(issuer.url)
    await source.find("one")
    monkeypatch.setattr(keys, "FRESH_SECONDS", 0.0)
    issuer.entries = [published(SECOND, "two")]
    await source.find("one")  # still good while the new set is on its way
    assert source._fetching is not None
    await source._fetching
    with pytest.raises(TokenRefused):
        await source.find("one")


async def test_a_token_without_a_key_identifier_needs_one_key(issuer: Issuer) -> None:
    source = PublishedKeys(issuer.url)
    assert (await source.find(None)).identifier == "one"
    issuer.entries = [published(FIRST, "one"), published(SECOND, "two")]
    await source.find("two")
    with pytest.raises(TokenRefused):
        await source.find(None)


def test_entries_that_are_not_used() -> None:
    good = published(FIRST, "good")
    odd = [
        {"kty": "oct", "kid": "secret", "k": "AAAA"},
        published(SECOND, "encrypts", use="enc"),
        published(SECOND, "other algorithm", alg="RS512"),
        published(ec.generate_private_key(ec.SECP384R1()), "other curve"),
        {**published(SECOND, None), "kid": 7},
        {**published(SECOND, "private"), "d": "AAAA"},
        {"kty": "RSA", "kid": "broken"},
        "text",
        None,
    ]
    assert set(read_set(json.dumps({"keys": [*odd, good]}).encode())) == {"good"}


def test_a_start_needs_a_key() -> None:
    with pytest.raises(ConfigurationError, match=r"^JWT_SECRET: is not set"):
        keys_of(bare_settings(JWT_SECRET=None), None)
