"""The bar's till, writing to MAIN: sales are opened, filled, paid and now and then abandoned."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from triggers.statements import statement

_PACKAGE = "server.demo"
SALES_KEPT = 5000
_OPEN_AT_MOST = 4
_LINES_AT_MOST = 5


async def ring(connection: asyncpg.Connection, chance: random.Random, key: Callable[[datetime], str]) -> str:
    """Do the till's next small transaction on MAIN and return its name.

    What lies open is read from the database each time, so that a till that was cut off goes on where it was.

    Args:
        connection: to MAIN, outside a transaction.
        chance: decides what happens next.
        key: makes text keys.
    """
    sales = await connection.fetch(statement("open_sales", _PACKAGE))
    if not sales or (len(sales) < _OPEN_AT_MOST and not chance.randrange(4)):
        await connection.execute(statement("open_sale", _PACKAGE), key(datetime.now(UTC)))
        return "open_sale"
    sale = chance.choice(sales)
    if sale["lines"] == 0 or (sale["lines"] < _LINES_AT_MOST and chance.randrange(3)):
        quantity = chance.choices((1, 2, 3), (7, 2, 1))[0]
        await connection.execute(statement("add_line", _PACKAGE), sale["id"], quantity)
        return "add_line"
    if not chance.randrange(15):
        await connection.execute(statement("abandon_sale", _PACKAGE), sale["id"])
        return "abandon_sale"
    await connection.execute(statement("close_sale", _PACKAGE), sale["id"], key(datetime.now(UTC)))
    if not chance.randrange(20):
        await connection.execute(statement("clear_old_sales", _PACKAGE), SALES_KEPT)
    return "close_sale"
