"""libpq's connection URIs, as far as they have to be taken apart. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

DEFAULT_PORT = 5432


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URI leads. `host` is a folder of sockets where it begins with a slash, empty for the default."""

    host: str
    port: int
    user: str
    password: str | None
    database: str
    parameters: dict[str, str]


def parse(uri: str) -> Target:
    """Take `postgresql://user:password@host:port/database?parameters` apart; parameters override.

    Args:
        uri: with one host at most, of a form that libpq accepts.
    """
    parts = urlsplit(uri)
    credentials, _, _ = parts.netloc.rpartition("@")
    user, colon, password = credentials.partition(":")
    parameters = {}
    for part in parts.query.split("&"):
        name, _, value = part.partition("=")
        if name:
            parameters[unquote(name)] = unquote(value)  # a plus is a plus
    return Target(
        host=parameters.pop("host", "") or unquote(parts.hostname or ""),
        port=int(parameters.pop("port", "") or parts.port or DEFAULT_PORT),
        user=parameters.pop("user", "") or unquote(user),
        password=parameters.pop("password", unquote(password) if colon else None),
        database=parameters.pop("dbname", "") or unquote(parts.path.removeprefix("/")),
        parameters=parameters,
    )


def compose(target: Target) -> str:
    """Put a URI together again, without the password."""
    where = {"host": target.host, "port": str(target.port), "user": target.user, **target.parameters}
    query = "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in where.items() if value
    )
    return f"postgresql:///{quote(target.database, safe='')}?{query}"
