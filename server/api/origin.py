"""Where a request comes from: the client's address, the name it used, the page it was made by. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urlsplit

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
UNKNOWN = "unknown"


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Read the networks of TRUSTED_PROXIES."""
    return tuple(ipaddress.ip_network(name, strict=False) for name in names)


def client_address(peer: str | None, forwarded: str | None, trusted: Sequence[Network]) -> str:
    """Tell the client's address: the last one on the way that is no proxy of ours.

    Args:
        peer: the other end of the connection.
        forwarded: the header X-Forwarded-For.
        trusted: networks whose word is taken.
    """
    client = peer or UNKNOWN
    steps = [step.strip() for step in (forwarded or "").split(",") if step.strip()]
    while steps and _is_in(client, trusted):
        client = steps.pop()
    return client if _address(client) is not None else peer or UNKNOWN


def is_trusted(peer: str | None, trusted: Sequence[Network]) -> bool:
    """Whether a peer is one of our proxies."""
    return _is_in(peer or UNKNOWN, trusted)


def host_name(header: str) -> str:
    """Take the port off a Host header."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def is_same_site(headers: Mapping[str, str], host: str) -> bool:
    """Whether a browser says that a page of ours made the request.

    Browsers send Sec-Fetch-Site, older ones Origin with every POST. What sends neither is no browser of
    today, and has no business with a cookie.
    """
    site = headers.get("Sec-Fetch-Site")
    origin = headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None:
        return urlsplit(origin).netloc.lower() == host.lower()
    return site == "same-origin"


def _is_in(address: str, trusted: Sequence[Network]) -> bool:
    found = _address(address)
    return found is not None and any(
        found.version == network.version and found in network for network in trusted
    )


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
