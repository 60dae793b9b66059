"""Columns of which both sides' deltas are kept: nothing sold is forgotten, nothing is counted twice."""

from __future__ import annotations

import random

import pytest

from cdc.conflicts import get_conflict
from cdc.decision import Decision
from cdc.errors import MergeIncomplete
from cdc.model import Policy, Resolution, Side
from cdc.policy import PolicyRule, parse_policy
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced

SCHEMA = """
CREATE TABLE product (id int PRIMARY KEY, name text, stock int, price numeric);
INSERT INTO product SELECT i, 'cue', 10, 5 FROM generate_series(1, 3) i;
"""
SUMS = parse_policy("MERGE", {"stock": "SUM", "price": "MAX"})


async def sell(both: Synced, side: Side, count: int, product: int = 1) -> None:
    await both.connection(side).execute("UPDATE product SET stock = stock - $1 WHERE id = $2", count, product)


async def stock(both: Synced, product: int = 1) -> list[int]:
    return [
        await both.connection(side).fetchval("SELECT stock FROM product WHERE id = $1", product)
        for side in Side
    ]


@pytest.mark.parametrize(("main", "backup"), [(2, 3), (1, 1), (5, -5), (10, 10)])
async def test_two_tills_that_sell_while_cut_off_end_with_both_sales_counted(
    pair: Pair, main: int, backup: int
) -> None:
    async with synced(pair, SCHEMA, policy=lambda _: SUMS) as both:
        await sell(both, Side.MAIN, main)
        await sell(both, Side.BACKUP, backup)
        await both.settle()
        assert await stock(both) == [10 - main - backup] * 2
        await both.assert_no_conflicts()
        await both.assert_equal("product")


async def test_under_manual_they_end_with_one_conflict_that_shows_both(pair: Pair) -> None:
    async with synced(pair, SCHEMA, policy=lambda _: Policy.MANUAL) as both:
        await sell(both, Side.MAIN, 2)
        await sell(both, Side.BACKUP, 3)
        await both.settle()
        shown = await get_conflict(both.main, both.backup, "product", "1")
        images = (shown.base, shown.main, shown.backup)
        assert [image and image["stock"] for image in images] == ["10", "8", "7"]
        assert shown.changed_columns == ("stock",)


async def test_sales_go_on_while_another_column_waits_for_a_person(pair: Pair) -> None:
    async with synced(pair, SCHEMA, policy=lambda _: SUMS) as both:
        await both.main.execute("UPDATE product SET name = 'm', stock = stock - 1 WHERE id = 1")
        await both.backup.execute("UPDATE product SET name = 'b' WHERE id = 1")
        for _ in range(3):
            await sell(both, Side.MAIN, 1)
            await sell(both, Side.BACKUP, 1)
            await both.settle()
        assert await stock(both) == [6, 7]
        async with Resolver(*endpoints(pair)) as resolver:
            decision = Decision("product", "1", Resolution.MERGE, "ann", values={"name": "x"})
            settled = await resolver.resolve_all("product", [decision], policy=SUMS)
            assert not settled.refused
        await both.settle()
        assert await stock(both) == [3, 3]
        await both.assert_equal("product")
        await both.assert_no_conflicts()


async def test_a_policy_that_came_too_late_knows_the_common_base(pair: Pair) -> None:
    rule = [PolicyRule()]
    async with synced(pair, SCHEMA, policy=lambda _: rule[0]) as both:
        await sell(both, Side.MAIN, 2)
        await sell(both, Side.BACKUP, 3)
        await both.settle()
        rule[0] = SUMS
        async with Resolver(*endpoints(pair)) as resolver:
            decision = Decision("product", "1", Resolution.MERGE, "ann")
            assert not (await resolver.resolve_all("product", [decision], policy=SUMS)).refused
        assert await stock(both) == [5, 5]


async def test_what_cannot_be_summed_up_is_asked_for(pair: Pair) -> None:
    async with synced(pair, SCHEMA, policy=lambda _: SUMS) as both:
        await both.main.execute("UPDATE product SET stock = NULL WHERE id = 1")
        await sell(both, Side.BACKUP, 3)
        await both.main.execute("UPDATE product SET stock = 2147483647 WHERE id = 2")
        await sell(both, Side.BACKUP, -3, 2)
        await both.settle()
        async with Resolver(*endpoints(pair)) as resolver:
            for entity_id in "12":
                decision = Decision("product", entity_id, Resolution.MERGE, "ann")
                settled = await resolver.resolve_all("product", [decision], policy=SUMS)
                (error,) = settled.refused.values()
                assert isinstance(error, MergeIncomplete)
                assert error.missing == ("stock",)


@pytest.mark.parametrize("seed", range(2))
async def test_no_sale_is_lost_or_counted_twice_whatever_the_order(pair: Pair, seed: int) -> None:
    random_ = random.Random(seed)
    options = Options(batch_rows=random_.choice([1, 2, 50]))
    expected = dict.fromkeys((1, 2, 3), 10)
    async with synced(pair, SCHEMA, policy=lambda _: SUMS, options=options) as both:
        for _ in range(40):
            side, product = random_.choice(list(Side)), random_.randint(1, 3)
            match random_.randrange(8):
                case 0 | 1:
                    await both.engine.step(side)
                case 2:
                    await both.engine.referee.step(look=False)
                case 3:
                    await both.engine.links[side].retry()
                case 4 if random_.random() < 0.3:
                    await both.reopen()
                case _:
                    count = random_.choice([-2, -1, 1, 1, 1])
                    expected[product] -= count
                    await sell(both, side, count, product)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("product")
        assert [(await stock(both, product))[0] for product in expected] == list(expected.values())
