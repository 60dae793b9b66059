"""The record that a path names: `{entity}/{entityId}`.

A path is percent-encoded as a whole, and the parts of a composite key are once more by themselves: the key
(`a,b`, `c`) is the entity id `a%2Cb,c`, whose path is `a%252Cb,c`. Who encodes it only once is understood, too,
as long as the number of the key's columns tells what is meant.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from aiohttp import web

from cdc.images import join_key, split_key
from cdc.session import Connection
from triggers.statements import statement

_KEPT = re.compile(r"%(?!2[Cc]|25)([0-9A-Fa-f]{2})")
_LOWER_COMMA = re.compile("%2c")


async def read_record(request: web.Request, main: Connection) -> tuple[str, str]:
    """Give the entity and the entity id of a request's path.

    Args:
        request: its path's third and fourth parts are the entity and the id.
        main: knows how many columns the table's key has.
    """
    entity, given = request.match_info["entity"], request.match_info["entityId"]
    columns = await main.fetchval(statement("key_columns", "server"), entity)
    raw = request.rel_url.raw_path.split("/")[4]
    return entity, entity_id(raw, given, columns or 0)


def entity_id(raw: str, decoded: str, columns: int) -> str:
    """Give the entity id that a part of a path means. Pure.

    Args:
        raw: the part as it was sent.
        decoded: the part, decoded.
        columns: how many the key has; 0 where that is not known.
    """
    if columns <= 1:
        return decoded
    sent_as_it_is = _LOWER_COMMA.sub("%2C", unquote(_KEPT.sub(r"%\1", _escaped(raw))))
    for reading in (_LOWER_COMMA.sub("%2C", decoded), sent_as_it_is):
        if reading.count(",") == columns - 1:
            return join_key(split_key(reading, columns))
    return decoded


def _escaped(raw: str) -> str:
    """Hide `%2C` and `%25` from decoding."""
    return re.sub(r"%(2[Cc]|25)", r"%25\1", raw)
