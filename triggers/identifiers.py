"""The only place where names become SQL text. Pure: no connection, no files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import LiteralString

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class Composed(str):
    """SQL text that was built from names by this module, and is safe to put into a statement."""

    __slots__ = ()


def identifier(name: str) -> Composed:
    """Quote one name, always with double quotes.

    Args:
        name: the name as PostgreSQL stores it, unquoted.

    Raises:
        ValueError: the name is empty or holds a NUL, which PostgreSQL cannot name anything by.
    """
    if not name or "\x00" in name:
        raise ValueError(f"not a PostgreSQL name: {name!r}")
    return Composed('"' + name.replace('"', '""') + '"')


def qualified(schema: str, table: str) -> Composed:
    """Quote a schema and the name of something in it, as `"schema"."table"`."""
    return Composed(f"{identifier(schema)}.{identifier(table)}")


def identifier_list(names: Iterable[str], prefix: str = "") -> Composed:
    """Quote names and join them with commas.

    Args:
        names: the names as PostgreSQL stores them; none give an empty text.
        prefix: an alias of our own SQL, put before each name with a dot: `t."a", t."b"`.

    Raises:
        ValueError: a name that cannot be one, or a prefix that is no plain lower-case word.
    """
    if prefix and not (prefix.isidentifier() and prefix.isascii() and prefix.islower()):
        raise ValueError(f"not an alias of ours: {prefix!r}")
    dot = f"{prefix}." if prefix else ""
    return Composed(", ".join(f"{dot}{identifier(name)}" for name in names))


def number(value: int) -> Composed:
    """Write a whole number."""
    return Composed(f"{value:d}")


def type_name(text: str) -> Composed:
    """Take a type as `format_type` printed it with an empty search path: quoted and qualified there."""
    return Composed(text)


def fragment(template: LiteralString, **parts: Composed) -> Composed:
    """Put composed parts into a literal piece of SQL: `fragment("t.{c} = n.{k}", c=..., k=...)`.

    Raises:
        KeyError: the template names a part that was not given.
    """
    return Composed(_PLACE.sub(lambda found: parts[found[1]], template))


def joined(parts: Iterable[Composed], separator: LiteralString = ", ") -> Composed:
    """Join composed pieces with a literal separator; none give an empty text."""
    return Composed(separator.join(parts))
