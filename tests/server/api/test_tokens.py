from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from server.api.tokens import (
    Key,
    Terms,
    TokenRefused,
    key_identifier,
    key_of,
    mint,
    read_public_key,
    verify,
)

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105
KEY = Key("HS256", SECRET)
RSA = rsa.generate_private_key(65537, 2048)


def token(secret: Any = SECRET, algorithm: str = "HS256", header: Any = None, **claims: Any) -> str:
    filled = {"sub": "ann", "role": "ADMIN", "exp": time.time() + 60, **claims}
    kept = {name: value for name, value in filled.items() if value is not None}
    return jwt.encode(kept, secret, algorithm=algorithm, headers=header)


def pem(public: Any) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(public.public_bytes(serialization.Encoding.PEM, form).decode())


def part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def signed_by_hand(header: dict[str, Any], key: bytes) -> str:
    start = f"{part(header)}.{part({'sub': 'eve', 'role': 'ADMIN', 'exp': time.time() + 60})}"
    digest = hmac.new(key, start.encode(), hashlib.sha256).digest()
    return f"{start}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def refused(text: str, key: Key = KEY, terms: Terms | None = None) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify(text, key, terms or Terms())
    return str(caught.value)


def test_a_good_token() -> None:
    bearer = verify(token(), KEY, Terms())
    assert (bearer.name, bearer.admin) == ("ann", True)
    assert verify(mint(SECRET, "bob", 60, Terms()), KEY, Terms()).name == "bob"


def test_what_is_minted_meets_the_terms() -> None:
    terms = Terms(issuer="us", audience="cdc", role_claim="roles", admin_role="boss")
    assert verify(mint(SECRET, "bob", 60, terms), KEY, terms).admin


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": None}, "lacks the claim exp"),
        ({"exp": time.time() - 31}, "expired"),
        ({"exp": "soon"}, "cannot be read"),
        ({"nbf": time.time() + 86_400}, "not valid yet"),
        ({"iss": "somebody"}, "issuer"),
        ({"iss": "https://issuer.example.evil", "aud": "cdc"}, "issuer"),
        ({"iss": "https://issuer.example"}, "lacks the claim aud"),
        ({"iss": "https://issuer.example", "aud": "other"}, "audience"),
        ({"aud": "cdc"}, "lacks the claim iss"),
    ],
)
def test_claims_that_are_refused(claims: dict[str, Any], reason: str) -> None:
    terms = Terms(issuer="https://issuer.example", audience="cdc")
    assert reason in refused(token(**claims), terms=terms)


def test_clocks_may_differ_by_half_a_minute() -> None:
    assert verify(token(exp=time.time() - 20), KEY, Terms()).admin


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_unsigned_tokens_are_refused(algorithm: str) -> None:
    unsigned = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part({'role': 'ADMIN', 'exp': time.time() + 60})}."
    refused(unsigned)
    refused(unsigned, read_public_key(pem(RSA.public_key())))


def test_a_public_key_is_no_secret() -> None:
    text = pem(RSA.public_key())
    key = read_public_key(text)
    for material in (text.encode(), text.strip().encode()):
        forged = signed_by_hand({"alg": "HS256", "typ": "JWT"}, material)
        assert "algorithm" in refused(forged, key)


def test_other_algorithms_than_the_keys_are_refused() -> None:
    assert "algorithm" in refused(token(algorithm="HS512", secret=SECRET * 2))
    assert "algorithm" in refused(token(RSA, "RS256"))
    assert "algorithm" in refused(token(RSA, "RS512"), read_public_key(pem(RSA.public_key())))


def test_a_wrong_signature() -> None:
    assert "signature" in refused(token(secret="f" * 32))
    good = token()
    head, claims, signature = good.split(".")
    forged = {"sub": "eve", "role": "ADMIN", "exp": time.time() + 9999}
    assert "signature" in refused(f"{head}.{part(forged)}.{signature}")
    assert claims


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "..", "ü.ü.ü", "eyJ.eyJ.x", "x" * 8000])
def test_what_is_no_token(text: str) -> None:
    refused(text)
    with pytest.raises(TokenRefused):
        key_identifier(text)


@pytest.mark.parametrize(
    "kid", ["../../../../dev/null", "' UNION SELECT 'x", "http://evil.example/key", "\x00", 7, ["a"], None]
)
def test_a_key_identifier_only_names(kid: Any) -> None:
    header = {
        "alg": "HS256",
        "typ": "JWT",
        "kid": kid,
        "jku": "http://evil.example",
        "jwk": {"kty": "oct", "k": ""},
    }
    forged = signed_by_hand(header, b"")
    try:
        found = key_identifier(forged)
    except TokenRefused:
        found = None
    assert found is None or found == kid
    refused(forged)


@pytest.mark.parametrize(
    ("role", "admin"),
    [
        ("ADMIN", True),
        (["USER", "ADMIN"], True),
        ("admin", False),
        ("ADMINISTRATOR", False),
        ("USER ADMIN", False),
        ([], False),
        (None, False),
        ({"ADMIN": True}, False),
        (["USER", 7, None], False),
        (True, False),
    ],
)
def test_the_role(role: Any, *, admin: bool) -> None:
    assert verify(token(role=role), KEY, Terms()).admin is admin


def test_a_role_inside_another_claim() -> None:
    terms = Terms(role_claim="realm_access.roles")
    assert verify(token(role=None, realm_access={"roles": ["ADMIN"]}), KEY, terms).admin
    assert not verify(token(role="ADMIN", realm_access=["roles"]), KEY, terms).admin
    assert verify(token(role=None, **{"realm_access.roles": "ADMIN"}), KEY, terms).admin


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        (RSA, "RS256"),
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA"),
    ],
)
def test_public_keys(private: Any, algorithm: str) -> None:
    text = pem(private.public_key())
    for written in (text, text.replace("\n", "\\n"), f"\n{text}\n"):
        key = read_public_key(written)
        assert key.algorithm == algorithm
        assert verify(token(private, algorithm), key, Terms()).admin


def test_keys_that_are_not_used() -> None:
    for public in (
        rsa.generate_private_key(65537, 1024).public_key(),  # noqa: S505
        ec.generate_private_key(ec.SECP384R1()).public_key(),
    ):
        with pytest.raises(ValueError, match="must"):
            key_of(public)
    private = RSA.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    for text in ("", "key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", private):
        with pytest.raises(ValueError, match="PEM"):
            read_public_key(text)


def test_nothing_secret_is_shown() -> None:
    assert SECRET not in repr(KEY)


def test_odd_claims_do_no_harm() -> None:
    assert verify(token(sub=None), KEY, Terms()).name == "token"
    assert verify(token(sub="a\nb\x00" + "c" * 500), KEY, Terms()).name == ("ab" + "c" * 498)[:200]
    assert verify(token(exp=10**15), KEY, Terms()).expires < 10**12
