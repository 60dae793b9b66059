"""Requests that are sent again because their answer was lost: with the same Idempotency-Key they begin one operation.

The key is kept on MAIN for a day, with a digest of the request, so that it also holds over restarts and instances.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from cdc.errors import ConnectivityError
from cdc.model import Side
from server.api.problem import FieldFault, Problem, refused_fields
from server.api.route import Call
from triggers.statements import statement

HEADER: Final = "Idempotency-Key"
KEPT_SECONDS: Final = 86_400.0
BEGINNING_SECONDS: Final = 60.0
"""What beginning an operation may take; a key whose request did not get there is free after that."""

_FORM: Final = re.compile(r"[!-~]{1,200}")
_log = structlog.get_logger(__name__)


async def once(call: Call, begin: Callable[[], Awaitable[int]]) -> int:
    """Begin an operation, or find the one that an earlier request with the same key began.

    Args:
        call: its header has the key, or none.
        begin: begins the operation and gives its number.

    Raises:
        Problem: 422 for a key that cannot be one or was used for another request, 409 while the other begins.
    """
    key = call.request.headers.get(HEADER)
    if key is None:
        return await begin()
    if not _FORM.fullmatch(key):
        raise refused_fields([FieldFault(field=HEADER, detail="must be 1 to 200 visible ASCII characters")])
    found = await _claim(call, key)
    if found is not None:
        return found
    try:
        number = await begin()
    except BaseException:
        await _tell(call, "idempotency_free", call.identity.actor, key)
        raise
    await _tell(call, "idempotency_note", call.identity.actor, key, number)
    return number


async def _claim(call: Call, key: str) -> int | None:
    """Take the key; None: it is ours. Otherwise the operation that it began."""
    digest = _digest(call)
    async with call.context.pools.connection(Side.MAIN) as main:
        row = await main.fetchrow(
            statement("idempotency_claim", "server"),
            call.identity.actor,
            key,
            digest,
            KEPT_SECONDS,
            BEGINNING_SECONDS,
        )
    if row is None or row["claimed"]:
        return None
    if row["request"] is not None and row["request"] != digest:
        raise Problem(
            422,
            "key-reused",
            "this Idempotency-Key was used for another request",
            hint="Use a new key for each thing that is to be done.",
        )
    if row["operation"] is None:
        raise Problem(
            409, "being-begun", "the request with this key is being carried out", headers={"Retry-After": "2"}
        )
    number: int = row["operation"]
    return number


async def _tell(call: Call, name: str, *values: object) -> None:
    try:
        async with call.context.pools.connection(Side.MAIN) as main:
            await main.execute(statement(name, "server"), *values)
    except ConnectivityError as error:
        _log.warning("an idempotency key could not be noted", error=str(error))


def _digest(call: Call) -> str:
    request = call.request
    parts = (request.method, request.path, request.query_string, call.content.model_dump_json())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
