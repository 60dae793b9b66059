"""Database URLs as people write them (Prisma's or libpq's form) read into what PostgreSQL understands. Pure.

The result's `dsn` means the same to asyncpg and to libpq's programs: host, port, user, password and database
are always explicit, and only parameters that both know are left in it. What was left out is said in `notes`.
No message of this module holds any part of the URL's values, because a mistyped URL may show its password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit

from cdc.errors import ConfigurationError

EXAMPLE = "postgresql://user:password@host:5432/database?schema=public"
DEFAULT_PORT = 5432
HIGHEST_PORT = 65535
NAME_BYTES = 63
LONGEST_URL = 8192
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
KEPT = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslcrl",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "target_session_attrs",
    "passfile",
    "krbsrvname",
    "gsslib",
    "options",
)
PLACE = ("host", "port", "user", "password", "dbname")
OWN_SCHEMAS = frozenset({"cdc", "information_schema"})
IGNORED = {
    "connection_limit": "the service opens a fixed, small number of connections",
    "pool_timeout": "the service keeps its connections open",
    "connect_timeout": "the service waits 10 seconds for a connection",
    "socket_timeout": "the service has limits of its own",
    "statement_cache_size": "the service does without",
    "application_name": "the service names its connections itself: 'cdc ...'",
    "pgbouncer": "the service listens and holds locks, so the URL must lead to PostgreSQL itself "
    "or to a pooler in session mode",
    "sslaccept": "certificates are checked only with sslmode=verify-full (and sslrootcert where the "
    "authority is private)",
    "sslidentity": "use sslcert and sslkey (PEM files) for a client certificate",
    "channel_binding": "the service does not use channel binding",
}


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """One database as the user named it. `repr` shows no password."""

    host: str
    port: int
    database: str
    schemas: tuple[str, ...]
    notes: tuple[str, ...]
    dsn: str = field(repr=False)

    @property
    def place(self) -> tuple[str, int, str]:
        """Host, port and database in a form that compares equal for one place written in two ways."""
        host = self.host.lower()
        return ("localhost" if host in LOOPBACK else host, self.port, self.database)

    def __str__(self) -> str:
        """Give `host:port/database`, for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}/{self.database}"


def parse(variable: str, text: str) -> DatabaseUrl:
    """Read the URL held by an environment variable.

    Args:
        variable: the variable's name; every error begins with it.
        text: the URL, in Prisma's or libpq's form.

    Raises:
        ConfigurationError: it is not a PostgreSQL URL, or names no database. Holds no part of the value.
    """
    split = _split(variable, text.strip())
    place = _authority(variable, split)
    parameters = _parameters(variable, split.query)
    place.update({key: parameters.pop(key) for key in PLACE if parameters.get(key)})
    host = place.get("host") or "localhost"
    database = place.get("dbname", "")
    _check_text(variable, "host", host)
    if not database:
        raise _fault(variable, "names no database")
    if "," in host:
        raise _fault(variable, "names several hosts", hint="Name the one server that accepts writes.")
    port = _port(variable, place.get("port", ""))
    schemas = _schemas(variable, parameters.pop("schema", ""))
    kept, notes = _sift(variable, parameters)
    dsn = _compose(host, port, database, place, kept)
    return DatabaseUrl(host=host, port=port, database=database, schemas=schemas, notes=tuple(notes), dsn=dsn)


def check_distinct(main: DatabaseUrl, backup: DatabaseUrl) -> None:
    """Refuse two URLs that name one database.

    Raises:
        ConfigurationError: same host, port and database, whatever the rest says.
    """
    if main.place == backup.place:
        raise ConfigurationError(
            f"BACKUP_DATABASE_URL: names the same database as DATABASE_URL ({main})",
            hint="Two databases are kept as one; name two, on two servers where you can.",
        )


def _fault(variable: str, what: str, *, hint: str = "") -> ConfigurationError:
    return ConfigurationError(f"{variable}: {what}", hint=hint or f"The form is {EXAMPLE}")


def _split(variable: str, text: str) -> SplitResult:
    if not text:
        raise _fault(variable, "is empty")
    if len(text) > LONGEST_URL:
        raise _fault(variable, f"is longer than {LONGEST_URL} characters")
    if any(character.isspace() or not character.isprintable() for character in text):
        raise _fault(variable, "holds a space or a control character; a space is written %20")
    try:
        split = urlsplit(text)
    except ValueError:
        raise _fault(variable, "is not a URL; an IPv6 address is written in brackets") from None
    if split.scheme in {"prisma", "prisma+postgres"}:
        raise _fault(variable, "leads to Prisma's proxy; the service needs the database's own URL")
    if split.scheme not in {"postgresql", "postgres"} or "://" not in text:
        raise _fault(variable, "is not a PostgreSQL URL; it must begin with postgresql://")
    if "#" in text:
        raise _fault(variable, "holds a '#'; in a password it is written %23")
    return split


def _authority(variable: str, split: SplitResult) -> dict[str, str]:
    login, _, address = split.netloc.rpartition("@")
    user, _, password = login.partition(":")
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", address)
    if bracketed:
        host, port = bracketed[1], bracketed[2] or ""
    elif "," in address:
        host, port = address, ""
    else:
        host, _, port = address.partition(":")
    found = {"user": user, "password": password, "host": host, "dbname": split.path.removeprefix("/")}
    decoded = {key: _decode(variable, value) for key, value in found.items() if value}
    if port:
        decoded["port"] = port
    return decoded


def _parameters(variable: str, query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    schemas = []
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        name = _decode(variable, key)
        name = "dbname" if name == "database" else name
        if name == "schema":
            schemas.append(_decode(variable, value))
        else:
            found[name] = _decode(variable, value)
    return found | {"schema": ",".join(schemas)}


def _decode(variable: str, text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _fault(variable, "holds a percent-encoding that is not UTF-8") from None
    if "\0" in decoded:
        raise _fault(variable, "holds %00, which PostgreSQL does not take")
    return decoded


def _check_text(variable: str, what: str, value: str) -> None:
    if not value.startswith("/") and re.search(r"[\s/?#@\\]", value):
        raise _fault(variable, f"the {what} is not one; '@', '/', '?' and '#' in a password are "
                     "written %40, %2F, %3F and %23")  # fmt: skip


def _port(variable: str, text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= HIGHEST_PORT:
        raise _fault(
            variable,
            f"the port is not a number from 1 to {HIGHEST_PORT}; '/', '?' and '#' in a password are "
            "written %2F, %3F and %23",
        )
    return int(text)


def _schemas(variable: str, text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip())) or ("public",)
    for name in names:
        if len(name.encode()) > NAME_BYTES:
            raise _fault(variable, f"a schema's name is longer than {NAME_BYTES} bytes")
        if name in OWN_SCHEMAS or name.startswith("pg_"):
            raise _fault(variable, f"schema {name} belongs to PostgreSQL or to this service")
    return names


def _sift(variable: str, parameters: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    kept = {key: parameters[key] for key in KEPT if parameters.get(key)}
    notes = []
    if kept.get("sslmode", "prefer") not in SSL_MODES:
        raise _fault(variable, "sslmode is not one of " + ", ".join(sorted(SSL_MODES)))
    if "sslcert" in kept and "sslkey" not in kept:
        kept.setdefault("sslrootcert", kept.pop("sslcert"))
        kept.pop("sslcert", None)
        notes.append(f"{variable}: sslcert without sslkey is read as Prisma does: as sslrootcert")
    for name in sorted(set(parameters) - set(KEPT) - set(PLACE)):
        why = IGNORED.get(name, "it is not a parameter of the service")
        notes.append(f"{variable}: parameter {name[:NAME_BYTES]!r} is ignored: {why}")
    return kept, notes


def _compose(
    host: str, port: int, database: str, login: Mapping[str, str], parameters: Mapping[str, str]
) -> str:
    def encoded(text: str) -> str:
        return quote(text, safe="")

    user, password = login.get("user", ""), login.get("password", "")
    credentials = encoded(user) + (f":{encoded(password)}" if password else "")
    query: Sequence[tuple[str, str]] = tuple(parameters.items())
    if host.startswith("/"):
        address = ""
        query = (("host", host), ("port", str(port)), *query)
    else:
        address = f"[{host}]:{port}" if ":" in host else f"{encoded(host)}:{port}"
    authority = f"{credentials}@{address}" if credentials else address
    text = f"postgresql://{authority}/{encoded(database)}"
    return text + ("?" + "&".join(f"{key}={encoded(value)}" for key, value in query) if query else "")
