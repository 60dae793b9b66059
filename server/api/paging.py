"""Cursors: where a page ended, as text that only we read. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import orjson

from server.api.problem import FieldFault, Problem, refused_fields

LONGEST: Final = 8_000


def encode(place: Sequence[str | int] | None) -> str | None:
    """Make a cursor; None where there is no further page."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def decode(cursor: str | None, *kinds: type) -> list[str | int] | None:
    """Read a cursor.

    Args:
        cursor: as `encode` made it, or None.
        kinds: the types of its parts.

    Raises:
        Problem: 422, it is none of ours.
    """
    if cursor is None:
        return None
    try:
        content = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        place = orjson.loads(content)
    except (binascii.Error, ValueError):
        raise _foreign() from None
    if not isinstance(place, list) or [type(part) for part in place] != [*kinds] or "\0" in str(place):
        raise _foreign()
    return place


def _foreign() -> Problem:
    detail = "is not one of ours; take nextCursor as it was given, with the same filters"
    return refused_fields([FieldFault(field="cursor", detail=detail)])
