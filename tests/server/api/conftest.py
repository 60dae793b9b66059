"""A service that runs beside the test, on a shop of three tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Pair
from tests.serving import Serving, serving

TABLES = """
CREATE TABLE "Product" (id text PRIMARY KEY, name text, price numeric(10, 2));
CREATE TABLE stock (place text, item text, pieces int, PRIMARY KEY (place, item));
CREATE SCHEMA bar;
CREATE TABLE bar.tap (id int PRIMARY KEY, beer text);
"""
SHOP = f"""
{TABLES}
INSERT INTO "Product" VALUES ('p1', 'chalk', 2.50), ('p2', 'cue', 90), ('ü/% ,', 'odd', 1);
INSERT INTO stock VALUES ('a,b', 'c%', 1), ('x', 'y/z', 2), ('é', '', 3);
"""


@pytest.fixture
async def shop(pair: Pair) -> Pair:
    """The tables on MAIN, nothing on BACKUP."""
    await pair.main.execute(SHOP)
    return pair


@pytest.fixture
async def api(shop: Pair, tmp_path: Path) -> AsyncIterator[Serving]:
    """The service works on the shop; snapshots go to a folder of the test.

    The tables are on BACKUP already, since copying a schema takes longer than most of what is asked here.
    """
    await shop.backup.execute(TABLES)
    settings = {"DATABASE_URL": f"{shop.main_url}&schema=public,bar"}
    settings["BACKUP_DATABASE_URL"] = f"{shop.backup_url}&schema=public,bar"
    async with serving(
        shop, **settings, BACKUP_DIR=str(tmp_path / "backups"), BACKUP_INTERVAL_SECONDS=3600
    ) as found:
        yield found
