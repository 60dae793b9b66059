from __future__ import annotations

import pytest

from cdc.errors import ConfigurationError
from cdc.model import Side
from cdc.policy import parse_policy
from cdc.policy_check import check_policy
from tests.databases import Pair
from triggers.install import install

SCHEMA = """
CREATE DOMAIN amount AS numeric(10,2);
CREATE TABLE "Product" (id int PRIMARY KEY, name text, stock int, cost amount, tags text[], labels jsonb,
    plain json, at timestamptz, weight double precision, place point,
    twice int GENERATED ALWAYS AS (stock * 2) STORED);
CREATE TABLE other (id int PRIMARY KEY, v text);
"""
FITS = [
    ("LATEST_WINS(at)", {}),
    ("MERGE", {"stock": "SUM", "cost": "SUM", "name": "MAX", "at": "MIN", "weight": "MAX"}),
    ("MERGE", {"tags": "UNION", "labels": "UNION", "name": "LATEST(at)", "place": "MAIN", "plain": "BACKUP"}),
    ("MERGE", {"labels": "JSON", "at": "SUM"}),
]
UNFIT = [
    ("LATEST_WINS(nothing)", {}, "no column nothing"),
    ("LATEST_WINS(plain)", {}, "plain is json"),
    ("MERGE", {"name": "SUM"}, "name is text"),
    ("MERGE", {"weight": "SUM"}, "weight is double precision"),
    ("MERGE", {"place": "MAX"}, "place is point"),
    ("MERGE", {"name": "UNION"}, "name is text"),
    ("MERGE", {"plain": "JSON"}, "plain is json"),
    ("MERGE", {"id": "MAX"}, "part of the key"),
    ("MERGE", {"twice": "MAX"}, "is computed"),
    ("MERGE", {"name": "LATEST(nothing)"}, "no column nothing"),
]


async def test_a_policy_is_checked_against_the_schema(pair: Pair) -> None:
    await pair.main.execute(SCHEMA)
    await install(pair.main, side=Side.MAIN, schemas=["public"])
    for text, columns in FITS:
        await check_policy(pair.main, "Product", parse_policy(text, columns))
    for text, columns, message in UNFIT:
        with pytest.raises(ConfigurationError, match=message):
            await check_policy(pair.main, "Product", parse_policy(text, columns))
    await check_policy(pair.main, "*", parse_policy("LATEST_WINS(at)"))
    for entity, rule in {
        "product": parse_policy("MANUAL"),
        "other": parse_policy("LATEST_WINS(at)"),
        "Product": parse_policy("MERGE", function="nowhere"),
    }.items():
        with pytest.raises(ConfigurationError):
            await check_policy(pair.main, entity, rule)
