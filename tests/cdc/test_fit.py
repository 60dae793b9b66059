from __future__ import annotations

import pytest

from cdc.model import Side
from tests.databases import Pair
from tests.synced import synced


async def alter(pair: Pair, side: Side, sql: str) -> None:
    await pair.connection(side).execute(sql)


@pytest.mark.parametrize(
    ("wide", "narrow", "value"),
    [
        ("text", "varchar(5)", "longer than five"),
        ("varchar(20)", "varchar(5)", "longer than five"),
        ("char(20)", "char(5)", "longer than five"),
        ("varchar(20)[]", "varchar(5)[]", '{a,"longer than five"}'),
        ("varbit(8)", "varbit(4)", "10101010"),
        ("bigint", "integer", "3000000000"),
        ("integer", "smallint", "40000"),
        ("numeric(10,2)", "numeric(5,2)", "1234567.00"),
    ],
)
async def test_a_value_too_large_is_a_conflict_and_not_cut(
    pair: Pair, wide: str, narrow: str, value: str
) -> None:
    async with synced(pair, f"CREATE TABLE t (id int PRIMARY KEY, v {wide})") as both:
        await alter(pair, Side.BACKUP, f"ALTER TABLE t ALTER v TYPE {narrow}")
        await both.reopen()
        await both.main.execute(f"INSERT INTO t VALUES (1, '{value}'), (2, NULL)")
        await both.main.execute(f"INSERT INTO t VALUES (3, '{value}')")
        await both.settle()
        assert await both.rows(Side.BACKUP, "t") == ["(2,)"]
        assert {
            (c.entity_id, c.incoming and c.incoming["v"] and c.incoming["v"].rstrip())
            for c in await both.open_conflicts(Side.BACKUP)
        } == {("1", value), ("3", value)}
