from __future__ import annotations

import pytest

from cdc.uri import Target, compose, parse


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        (
            "postgresql://u:p%40ss@h:1/d?sslmode=require",
            Target("h", 1, "u", "p@ss", "d", {"sslmode": "require"}),
        ),
        ("postgresql://u@h/d?password=se%20cret&host=%2Ftmp", Target("/tmp", 5432, "u", "se cret", "d", {})),  # noqa: S108
        ("postgresql:///d?host=/tmp&port=7&user=u%2Bv", Target("/tmp", 7, "u+v", None, "d", {})),  # noqa: S108
        ("postgresql://u:@[::1]:5/a%2Fb", Target("::1", 5, "u", "", "a/b", {})),
        ("postgresql://h", Target("h", 5432, "", None, "", {})),
        ("postgresql://h/?dbname=d&passfile=%2Fa+b", Target("h", 5432, "", None, "d", {"passfile": "/a+b"})),
    ],
)
def test_the_parts_of_a_uri(uri: str, target: Target) -> None:
    assert parse(uri) == target


def test_the_password_stays_out_of_what_may_stand_on_a_command_line() -> None:
    target = parse("postgresql://u%2F:p%40ss@h:1/d%3F?sslmode=require&sslrootcert=%2Fa%26b")
    assert (
        compose(target) == "postgresql:///d%3F?host=h&port=1&user=u%2F&sslmode=require&sslrootcert=%2Fa%26b"
    )
    assert parse(compose(target)) == Target(
        "h", 1, "u/", None, "d?", {"sslmode": "require", "sslrootcert": "/a&b"}
    )
