"""The text form of a row, such as `(a,"b, c",)`, taken apart and put together. Pure; values stay texts.

The form is that of PostgreSQL's composite types (manual, section 8.16.6). It is a matter of quoting alone,
whatever the types of the fields are, so nothing here interprets a value.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from cdc.model import Image

LONGEST_NAME: Final = 1000
"""Bytes of the longest text of a row that is its name."""
_FIELD = re.compile(r'(?:"((?:[^"\\]++|""|\\.)*+)"|((?:[^",()\\]++|\\.)*+))([,)])', re.DOTALL)
_QUOTED_PAIR = re.compile(r'""|\\(.)', re.DOTALL)
_NEEDS_QUOTES = re.compile(r'[",()\\\s]', re.ASCII)


def parse_row(text: str) -> list[str | None]:
    """Take a row's text apart into its fields' texts; None is NULL.

    Raises:
        ValueError: the text is not a row as `record_out` prints it.
    """
    if not text.startswith("(") or not text.endswith(")"):
        raise ValueError("a row's text stands in parentheses")
    if text == "()":
        return [None]
    fields: list[str | None] = []
    at = 1
    while at < len(text):
        found = _FIELD.match(text, at)
        if found is None:
            raise ValueError(f"not a row's text: field {len(fields) + 1} cannot be read")
        quoted, plain, end = found.groups()
        if quoted is not None:
            fields.append(_QUOTED_PAIR.sub(lambda pair: pair[1] or '"', quoted))
        else:
            fields.append(plain or None)
        at = found.end()
        if end == ")" and at != len(text):
            raise ValueError("not a row's text: something follows the closing parenthesis")
    return fields


def format_row(fields: Iterable[str | None]) -> str:
    """Put fields' texts together into a row's text."""
    return "(" + ",".join("" if field is None else _quote(field) for field in fields) + ")"


def _quote(field: str) -> str:
    if field and not _NEEDS_QUOTES.search(field):
        return field
    return '"' + field.replace("\\", "\\\\").replace('"', '""') + '"'


def to_image(columns: Sequence[str], text: str | None) -> Image | None:
    """A row's text as a map of its columns; None stays None.

    Raises:
        ValueError: the text is no row, or has another number of fields than there are columns.
    """
    if text is None:
        return None
    return dict(zip(columns, parse_row(text), strict=True))


def to_text(columns: Sequence[str], image: Image | None) -> str | None:
    """A map of columns as a row's text, fields in the order of `columns`; what is not in the map is NULL."""
    if image is None:
        return None
    return format_row(image.get(column) for column in columns)


def row_name(text: str) -> str:
    """What the entry of a row without a key is called: its text; of a long one the beginning and a digest.

    It is shown in lists, and is part of addresses.
    """
    whole = text.encode()
    return text if len(whole) <= LONGEST_NAME else f"{text[:200]}... {hashlib.sha256(whole).hexdigest()}"


def join_key(parts: Sequence[str]) -> str:
    """The contract's `entityId`: the key's text; parts of a composite key are encoded and joined by commas."""
    if len(parts) == 1:
        return parts[0]
    return ",".join(part.replace("%", "%25").replace(",", "%2C") for part in parts)


def split_key(entity_id: str, parts: int) -> list[str]:
    """The texts of a key's columns from an `entityId`.

    Raises:
        ValueError: it has another number of parts.
    """
    if parts == 1:
        return [entity_id]
    found = [part.replace("%2C", ",").replace("%25", "%") for part in entity_id.split(",")]
    if len(found) != parts:
        raise ValueError(f"the key has {parts} columns; {entity_id!r} has {len(found)} parts")
    return found
