"""The back office, writing to BACKUP: price list, customers' cards and the tables' wall chart."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from server.demo.assortment import FIRST_NAMES, HAPPY_HOUR, LAST_NAMES
from triggers.statements import statement

_PACKAGE = "server.demo"
CUSTOMERS_KEPT = 1000
SESSIONS_KEPT = 2000
_PLAYING_AT_LEAST = 3
_PLAYING_AT_MOST = 9
_DUTIES = ("edit_product", "edit_customer", "add_customer", "session")


async def work(connection: asyncpg.Connection, chance: random.Random, key: Callable[[datetime], str]) -> str:
    """Do the office's next small transaction on BACKUP and return its name.

    It leaves alone what the till writes (sales and happy-hour products), so that its work never conflicts.

    Args:
        connection: to BACKUP, outside a transaction.
        chance: decides what happens next.
        key: makes text keys.
    """
    duty = chance.choices(_DUTIES, (35, 20, 5, 40))[0]
    if duty == "session":
        return await _seat(connection, chance, key(datetime.now(UTC)))
    text = statement(duty, _PACKAGE)
    if duty == "edit_product":
        await connection.execute(text, HAPPY_HOUR)
    elif duty == "edit_customer":
        await connection.execute(text)
    else:
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
        await connection.execute(text, key(datetime.now(UTC)), name, CUSTOMERS_KEPT)
    return duty


async def _seat(connection: asyncpg.Connection, chance: random.Random, key: str) -> str:
    """Start, finish or strike a table session, so that some tables are always being played on."""
    playing = [row["id"] for row in await connection.fetch(statement("playing_sessions", _PACKAGE))]
    full = len(playing) >= _PLAYING_AT_MOST
    if len(playing) < _PLAYING_AT_LEAST or (not full and chance.randrange(2)):
        await connection.execute(statement("start_session", _PACKAGE), key)
        return "start_session"
    if not chance.randrange(8):
        await connection.execute(statement("cancel_session", _PACKAGE), playing[-1])
        return "cancel_session"
    await connection.execute(statement("finish_session", _PACKAGE), playing[0])
    if not chance.randrange(20):
        await connection.execute(statement("clear_old_sessions", _PACKAGE), SESSIONS_KEPT)
    return "finish_session"
