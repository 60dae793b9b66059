"""Bar and office price the same product in the same moment: the conflict that the demo is there to show."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal

import asyncpg

from server.demo.assortment import HAPPY_HOUR
from triggers.statements import statement

_PACKAGE = "server.demo"
OPEN_AT_MOST = 5
"""So many products may stand disputed; then the demo waits until a person has resolved one."""


async def disputed(main: asyncpg.Connection, backup: asyncpg.Connection) -> tuple[set[str], set[str]]:
    """Return the keys of the happy-hour products that differ between the sides, and of those that agree.

    The rows themselves are asked, so that a dispute counts from its commit and not only once it was detected.
    """
    text = statement("price_list", _PACKAGE)
    here, there = await asyncio.gather(main.fetch(text, HAPPY_HOUR), backup.fetch(text, HAPPY_HOUR))
    prints = {row["id"]: row["print"] for row in there}
    agreed = {row["id"] for row in here if prints.get(row["id"]) == row["print"]}
    return ({row["id"] for row in here} | prints.keys()) - agreed, agreed


async def reprice(main: asyncpg.Connection, backup: asyncpg.Connection, chance: random.Random) -> str | None:
    """Let both sides reprice one product that they agree on, neither seeing the other's price.

    Both rows are written before either transaction commits: whichever change arrives first on the other side
    finds that row changed, however fast the sync is.

    Args:
        main: to MAIN, outside a transaction.
        backup: to BACKUP, outside a transaction.
        chance: chooses the product.

    Returns:
        The product's key, or None where enough disputes stand open or none is left to begin.
    """
    differing, agreed = await disputed(main, backup)
    if len(differing) >= OPEN_AT_MOST or not agreed:
        return None
    product = chance.choice(sorted(agreed))
    text = statement("reprice", _PACKAGE)
    async with main.transaction(), backup.transaction():
        await main.execute(text, product, Decimal("0.85"), "the bar, for happy hour")
        await backup.execute(text, product, Decimal("1.10"), "the office, new price list")
    return product
