from __future__ import annotations

import pytest

from server.api.origin import client_address, host_name, is_same_site, networks

PROXIES = networks(["10.0.0.0/8", "::1/128"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.1", None, "203.0.113.1"),
        ("203.0.113.1", "198.51.100.1", "203.0.113.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "<script>", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        (None, "198.51.100.1", "unknown"),
    ],
)
def test_the_client_behind_proxies(peer: str | None, forwarded: str | None, client: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == client


@pytest.mark.parametrize(
    ("header", "name"),
    [("localhost:3001", "localhost"), ("[::1]:3001", "::1"), ("[::1]", "::1"), ("A.B", "a.b"), ("", "")],
)
def test_host_names(header: str, name: str) -> None:
    assert host_name(header) == name


def test_an_origin_is_compared_with_its_port() -> None:
    assert is_same_site({"Origin": "http://localhost:3001"}, "localhost:3001")
    assert not is_same_site({"Origin": "http://localhost:3002"}, "localhost:3001")
    assert not is_same_site({}, "localhost:3001")
