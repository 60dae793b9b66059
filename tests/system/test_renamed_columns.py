"""Columns are renamed on one side, and perhaps back again, while something of their table is under way."""

from __future__ import annotations

import pytest

from cdc.decision import Decision
from cdc.errors import ResolutionRefused
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced
from triggers.install import install

SQL = """
CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'default', b text);
INSERT INTO t SELECT i, 'a', 'b' FROM generate_series(1, 5) i;
"""
RENAMED = "ALTER TABLE t RENAME a TO z"
BACK = "ALTER TABLE t RENAME z TO a"


async def alter(both: Synced, side: Side, sql: str) -> None:
    await both.connection(side).execute(sql)
    # What the service does every few seconds.
    await install(both.connection(side), side=side, schemas=["public"])


async def follow(both: Synced, first: Side, *, back: bool) -> str:
    """End what was renamed on one side only; returns what the column is called on both by then."""
    await alter(both, first if back else first.other, BACK if back else RENAMED)
    await both.settle()
    return "a" if back else "z"


@pytest.mark.parametrize("back", [True, False], ids=["back", "followed"])
@pytest.mark.parametrize("first", list(Side))
async def test_nobody_decides_without_a_column(
    pair: Pair,
    first: Side,
    back: bool,  # noqa: FBT001
) -> None:
    async with synced(pair, SQL) as both, Resolver(*endpoints(pair)) as resolver:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(f"UPDATE t SET a = '{side}', b = '{side}' WHERE id = 1")
        await both.settle()
        await alter(both, first, RENAMED)
        await both.settle()
        decision = Decision("t", "1", Resolution.BACKUP, "ann")
        with pytest.raises(ResolutionRefused, match="renamed on one side only: what was a is"):
            await resolver.resolve(decision)
        name = await follow(both, first, back=back)
        await resolver.resolve(decision)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await both.main.fetchval(f"SELECT {name} FROM t WHERE id = 1") == "BACKUP"


@pytest.mark.parametrize("back", [True, False], ids=["back", "followed"])
@pytest.mark.parametrize("writer", ["renamed", "other"])
@pytest.mark.parametrize("first", list(Side))
async def test_a_row_without_a_value_of_the_column(
    pair: Pair,
    first: Side,
    writer: str,
    back: bool,  # noqa: FBT001
) -> None:
    """The other side's column, by its other name, would take its default for it."""
    async with synced(pair, SQL) as both:
        await both.settle()
        await alter(both, first, RENAMED)
        side = first if writer == "renamed" else first.other
        await both.connection(side).execute("INSERT INTO t VALUES (100, NULL, 'new')")
        await both.settle()
        assert both.engine.links[side].held == {"t"}
        name = await follow(both, first, back=back)
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        sql = f"SELECT count(*) FROM t WHERE id = 100 AND {name} IS NULL"
        assert await both.connection(side.other).fetchval(sql) == 1


@pytest.mark.parametrize("look", [True, False], ids=["looked", "not_looked"])
@pytest.mark.parametrize("first", list(Side))
async def test_keys_to_be_compared_wait_for_the_other_side(
    pair: Pair,
    first: Side,
    look: bool,  # noqa: FBT001
) -> None:
    async with synced(pair, SQL) as both:
        await both.settle()
        async with both.main.transaction():
            await both.main.execute("SELECT set_config('cdc.applying', 'on', true)")  # not captured
            await both.main.execute("UPDATE t SET a = 'different' WHERE id = 1")
        await both.main.execute(
            "INSERT INTO cdc.recheck (entity, entity_id, reason, here_seen)"
            " VALUES ('t', '1', '', pg_current_snapshot())"
        )
        await alter(both, first, RENAMED)
        for _ in range(6):
            for side in Side:
                await both.engine.step(side)
            await both.engine.referee.step(look=look)
        await follow(both, first, back=True)
        assert [(each.entity, each.entity_id) for each in await both.open_conflicts()] == [("t", "1")]


async def test_made_anew_on_both_sides_with_another_order_of_columns(pair: Pair) -> None:
    """Columns of the same places that are called differently are no renamed ones there: all rows are compared."""
    async with synced(pair, SQL) as both:
        await both.settle()
        for side, columns in ((Side.MAIN, "a text, b text"), (Side.BACKUP, "b text, a text")):
            await alter(
                both,
                side,
                f"DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, {columns});"
                f"INSERT INTO t (id, a, b) VALUES (1, '{side}', 'b'), (2, 'a', 'b')",
            )
        await both.settle()
        assert {each.entity_id for each in await both.open_conflicts()} == {"1"}
