r"""Rows as lines of JSON, from PostgreSQL's COPY text and back, without looking at a single value. Pure.

`1<TAB>a "b"<TAB>\N` is `["1",<TAB>"a \"b\"",<TAB>null],`. COPY's escapes are JSON's, but for quotes and control
characters, and neither a tab nor a line's end is ever part of a value in both forms. So tabs and line ends
alone tell where values begin and end, whole blocks can be turned by a few searches, and nothing is lost.
"""

from __future__ import annotations

import re
from typing import Final

# COPY writes backspace, tab, line feed, vertical tab, form feed and carriage return as \b \t \n \v \f \r.
_RAW_CONTROLS: Final = bytes(set(range(1, 32)) - {9, 10})
_COPY_ODD: Final = re.compile(rb"\\.|[\x01-\x08\x0b-\x1f]")
_JSON_ODD: Final = re.compile(rb"\\u00([01][0-9a-f])|\\.")
_EMPTY: Final = b"[],\n"


def to_json(text: bytes, columns: int) -> bytes:
    """Turn lines of COPY's text form into lines of JSON, each with a comma at its end.

    Args:
        text: whole lines, at least one.
        columns: how many columns they have.
    """
    if not columns:
        return _EMPTY * text.count(b"\n")
    # Where there is no backslash, which one byte tells, nothing is null and little has to be escaped.
    escapes = b"\\" in text
    if len(text.translate(None, _RAW_CONTROLS)) != len(text) or (escapes and b"\\v" in text):
        text = _COPY_ODD.sub(_escaped, text)
    if b'"' in text:
        text = text.replace(b'"', b'\\"')
    text = text.replace(b"\t", b'",\t"').replace(b"\n", b'"],\n["')
    lines = b"".join((b'["', memoryview(text)[:-2]))
    return lines.replace(b'"\\N"', b"null") if escapes else lines


def _escaped(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if token == b"\\v":
        return b"\\u000b"
    return token if len(token) > 1 else b"\\u%04x" % token[0]


def to_copy(lines: bytes, columns: int) -> bytes:
    """Turn lines of a snapshot file into text that COPY reads, though it would not write all of it so.

    Args:
        lines: whole lines as they stand in the file, at least one; the last may lack its comma.
        columns: how many columns they have.
    """
    if not columns:
        return b"\n" * lines.count(b"\n")
    if b"\tnull" in lines:
        lines = lines.replace(b"\tnull", b'\t"\\N"')
    if lines.startswith(b"[null"):
        lines = b'["\\N"' + lines[5:]
    if b"\n[null" in lines:
        lines = lines.replace(b"\n[null", b'\n["\\N"')
    # Splitting and joining is twice as fast as replacing. What stays is \", which COPY reads as a quote.
    body = lines[2 : -4 if lines.endswith(b",\n") else -3]
    body = b"\n".join(body.split(b'"],\n["'))
    text = b"\t".join(body.split(b'",\t"')) if columns > 1 else body
    if b"\\u00" in text:
        text = _JSON_ODD.sub(_unescaped, text)
    return text + b"\n"


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 16),)) if found[1] else found[0]


def are_rows(lines: bytes | bytearray, end: int, count: int) -> bool:
    """Whether each of the lines up to `end` begins and ends as a row does, the last with or without a comma.

    Args:
        lines: whole lines up to there.
        end: where to stop.
        count: how many lines that are.
    """
    return (
        lines.startswith(b"[")
        and lines.endswith((b"],\n", b"]\n"), 0, end)
        and lines.count(b"],\n[", 0, end) == count - 1
    )


def have_columns(lines: bytes, columns: int, count: int) -> bool:
    """Whether so many rows have so many values each, going by their sum."""
    return lines.count(b"\t") == count * max(columns - 1, 0)
