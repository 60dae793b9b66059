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
    if len(text.translate(None, _RAW_CONTROLS)) != len(text) or b"\\v" in text:
        text = _COPY_ODD.sub(_escaped, text)
    text = text.replace(b'"', b'\\"').replace(b"\t", b'",\t"').replace(b"\n", b'"],\n["')
    return (b'["' + text[:-2]).replace(b'"\\N"', b"null")


def _escaped(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if token == b"\\v":
        return b"\\u000b"
    return token if len(token) > 1 else b"\\u%04x" % token[0]


def to_copy(lines: bytes, columns: int) -> bytes:
    """Turn lines of a snapshot file into what COPY reads as text. Quotes stay escaped, which it takes for quotes.

    Args:
        lines: whole lines as they stand in the file, at least one; the last may lack its comma.
        columns: how many columns they have.
    """
    if not columns:
        return b"\n" * lines.count(b"\n")
    if not lines.endswith(b",\n"):
        lines = lines[:-1] + b",\n"
    if b"\tnull" in lines:
        lines = lines.replace(b"\tnull", b'\t"\\N"')
    if b"[null" in lines:
        lines = (b"\n" + lines).replace(b"\n[null", b'\n["\\N"')[1:]
    text = lines[2:-4].replace(b'",\t"', b"\t").replace(b'"],\n["', b"\n")
    if b"\\u00" in text:
        text = _JSON_ODD.sub(_unescaped, text)
    return text + b"\n"


def _unescaped(found: re.Match[bytes]) -> bytes:
    return bytes((int(found[1], 16),)) if found[1] else found[0]


def fault(lines: bytes, columns: int) -> str | None:
    """What is wrong with the form of rows, None where nothing is.

    Args:
        lines: whole lines as they stand in the file, at least one.
        columns: how many columns they must have.
    """
    count = lines.count(b"\n")
    if not lines.startswith(b"[") or not lines.endswith((b"],\n", b"]\n")):
        return "a line is not a row"
    if lines.count(b"],\n[") != count - 1:
        return "a line is not a row"
    if lines.count(b",\t") != count * max(columns - 1, 0):
        return f"a row does not have {columns} values"
    return None
