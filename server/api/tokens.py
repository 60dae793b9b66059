"""Whether a token is good and whose it is. Algorithms come from the configured key, never from the token."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

LEEWAY: Final = 30
"""Seconds that two clocks may differ."""
SHORTEST_RSA: Final = 2048
LONGEST_NAME: Final = 200
LATEST: Final = 253_370_764_800.0
"""The end of the year 9998, for tokens that say they never end."""

_REASONS: Final[Mapping[type[Exception], str]] = {
    jwt.ExpiredSignatureError: "it has expired",
    jwt.ImmatureSignatureError: "it is not valid yet",
    jwt.InvalidIssuerError: "it is from another issuer",
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.InvalidAlgorithmError: "it is signed with another algorithm than is configured",
    jwt.InvalidSignatureError: "its signature is wrong",
}


class TokenRefused(Exception):
    """The token is not good; the message may be shown."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the one algorithm it is used with."""

    algorithm: str
    material: Any
    identifier: str | None = None

    def __repr__(self) -> str:
        """Leave the material out: representations end up in logs."""
        return f"Key({self.algorithm}, {self.identifier})"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a token must say beside being signed. None is not asked for."""

    issuer: str | None = None
    audience: str | None = None
    role_claim: str = "role"
    admin_role: str = "ADMIN"


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a good token belongs to. `expires` is in seconds since 1970."""

    name: str
    admin: bool
    expires: float


def key_of(public: Any, identifier: str | None = None) -> Key:
    """Give a public key the algorithm of its kind.

    Raises:
        ValueError: a kind that is not used here, or too short.
    """
    match public:
        case RSAPublicKey():
            if public.key_size < SHORTEST_RSA:
                raise ValueError(f"an RSA key must have at least {SHORTEST_RSA} bits")
            return Key("RS256", public, identifier)
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return Key("ES256", public, identifier)
        case Ed25519PublicKey():
            return Key("EdDSA", public, identifier)
        case _:
            # One kind of error for all that is wrong with a key.
            raise ValueError("must be an RSA, P-256 or Ed25519 public key")


def read_public_key(text: str) -> Key:
    r"""Read a PEM public key; `\n` may stand for its line ends, as in one line of a `.env`.

    Raises:
        ValueError: it is none, or of a kind that is not used here.
    """
    try:
        public = load_pem_public_key(text.replace("\\n", "\n").strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("must be a public key in PEM form (-----BEGIN PUBLIC KEY-----)") from None
    return key_of(public)


def key_identifier(token: str) -> str | None:
    """Read which key a token says it was signed with. Nothing is believed: it only picks one of ours.

    Raises:
        TokenRefused: it is no token.
    """
    try:
        found = jwt.get_unverified_header(token).get("kid")
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenRefused("it is not a JSON Web Token") from None
    return found if isinstance(found, str) else None


def verify(token: str, key: Key, terms: Terms) -> Bearer:
    """Check a token's signature, times, issuer and audience.

    Raises:
        TokenRefused: it is not good, and why.
    """
    try:
        claims = jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            issuer=terms.issuer,
            audience=terms.audience,
            leeway=LEEWAY,
            options={
                "require": ["exp"],
                "verify_aud": terms.audience is not None,
                "verify_iss": terms.issuer is not None,
                "enforce_minimum_key_length": True,
            },
        )
        expires = min(float(claims["exp"]), LATEST)
    except jwt.PyJWTError as error:
        raise TokenRefused(_reason(error)) from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise TokenRefused("it cannot be read") from None
    return Bearer(_name(claims), _is_admin(claims, terms), expires)


def mint(secret: str, subject: str, seconds: int, terms: Terms) -> str:
    """Make an HS256 token that `verify` takes, good for so many seconds."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "sub": subject,
        "iat": now,
        "exp": now + seconds,
        terms.role_claim: terms.admin_role,
    }
    if terms.issuer is not None:
        claims["iss"] = terms.issuer
    if terms.audience is not None:
        claims["aud"] = terms.audience
    return jwt.encode(claims, secret, algorithm="HS256")


def _reason(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it lacks the claim {error.claim}"
    return next((reason for kind, reason in _REASONS.items() if isinstance(error, kind)), "it cannot be read")


def _is_admin(claims: Mapping[str, Any], terms: Terms) -> bool:
    """Whether the role claim, a text or a list of texts, has the role. `a.b` also names `b` inside `a`."""
    found = claims.get(terms.role_claim)
    if found is None and "." in terms.role_claim:
        found = claims
        for step in terms.role_claim.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
    roles: Sequence[Any] = found if isinstance(found, list) else [found]
    return terms.admin_role in [role for role in roles if isinstance(role, str)]


def _name(claims: Mapping[str, Any]) -> str:
    found = claims.get("sub") or claims.get("email") or claims.get("name")
    text = found if isinstance(found, str) else "token"
    return "".join(each for each in text if each.isprintable())[:LONGEST_NAME] or "token"
