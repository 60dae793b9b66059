"""Names of snapshot files: when they were made, and of which kind. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, Literal

Kind = Literal["FULL", "EXPORT"]

_PREFIX: Final[dict[Kind, str]] = {"FULL": "backup", "EXPORT": "export"}
_KIND: Final[dict[str, Kind]] = {word: kind for kind, word in _PREFIX.items()}
_NAME: Final = re.compile(
    r"(backup|export)-([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2})(-[0-9]+)?(\.json\.gz(?:\.enc)?)"
)
_FILE: Final = re.compile(r"[^./\\\x00][^/\\\x00]{0,200}")
_TIME: Final = "%Y-%m-%dT%H-%M-%S"
SUFFIXES: Final = (".json.gz", ".json.gz.enc")


def make(kind: Kind, at: datetime, *, sealed: bool) -> str:
    """The name of a snapshot made at that moment.

    Args:
        kind: what it was made for.
        at: when; the name has it in UTC.
        sealed: whether it is encrypted.
    """
    return f"{_PREFIX[kind]}-{at.astimezone(UTC).strftime(_TIME)}{SUFFIXES[sealed]}"


def numbered(name: str, number: int) -> str:
    """The same name with a number, for a second that is taken: `backup-…-2.json.gz`."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return f"{name.removesuffix(suffix)}-{number}{suffix}"
    return f"{name}-{number}"


def is_ours(name: str) -> bool:
    """Whether a file of this name is one that we made, going by the name alone."""
    return made_at(name) is not None


def made_at(name: str) -> datetime | None:
    """When a file was made, going by its name; None where the name is not ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[2], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def number_of(name: str) -> int:
    """Which file of its second it is, going by its name: 1 for the first, and for what is not ours."""
    found = _NAME.fullmatch(name)
    return int(found[3][1:]) if found and found[3] else 1


def kind_of(name: str) -> Kind | None:
    """What a file was made for, going by its name; None where the name is not ours."""
    found = _NAME.fullmatch(name)
    return _KIND[found[1]] if found and made_at(name) else None


def is_listed(name: str) -> bool:
    """Whether a file may be a snapshot, going by its name: any that ends like one, our own or brought here."""
    return is_plain(name) and name.endswith(SUFFIXES)


def is_plain(name: str) -> bool:
    """Whether this is the bare name of a file that is not hidden."""
    return _FILE.fullmatch(name) is not None
