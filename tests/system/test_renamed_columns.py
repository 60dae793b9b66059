"""Columns are renamed on one side, and perhaps back again, while something of their table is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from cdc import following
from cdc.conflicts import get_conflict
from cdc.decision import Decision
from cdc.errors import ConflictMoved, MergeIncomplete, ResolutionRefused
from cdc.model import Policy, Resolution, Side
from cdc.policy import ColumnRule, PolicyRule, Strategy
from cdc.resolve import Resolver
from cdc.target import Target
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


SWAPPED = "ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME x TO b"
PUT_OFF = """
CREATE TABLE p (id int PRIMARY KEY);
INSERT INTO p VALUES (1);
CREATE TABLE t (id int PRIMARY KEY, a text, b text, c text, p int REFERENCES p, d text);
"""
STEPS = {
    "exchanged": ((SWAPPED,), "b", "a"),
    "one_dropped": ((f"{SWAPPED}; ALTER TABLE t DROP c",), "b", "a"),
    "dropped_and_another_added": (("ALTER TABLE t DROP c", "ALTER TABLE t ADD e text"), "a", "b"),
    "its_name_used_again": ((f"{RENAMED}; ALTER TABLE t DROP c", "ALTER TABLE t ADD a text"), "z", "b"),
    "handed_on": (("ALTER TABLE t RENAME b TO z", "ALTER TABLE t RENAME a TO b"), "b", "z"),
    "made_anew": (
        ("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, d text, b text, c text, p int, a text)",),
        "a",
        "b",
    ),
}


async def go_round(both: Synced) -> None:
    """All that the service does but trying what is put off."""
    for _ in range(6):
        for side in Side:
            await both.engine.step(side)
        await both.engine.referee.step()
    await both.backup.execute("UPDATE cdc.sync_state SET next_try_at = clock_timestamp() + interval '1 hour'")


async def until_nothing_waits(both: Synced) -> None:
    await both.backup.execute(
        "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
    )
    await both.settle()
    for _ in range(40):
        if not await both.open_conflicts():
            break
        await asyncio.sleep(0.1)
        await both.settle()
    await both.assert_no_conflicts()


@pytest.mark.parametrize("name", list(STEPS))
async def test_what_is_put_off_follows_its_columns(pair: Pair, name: str) -> None:
    steps, first, second = STEPS[name]
    async with synced(pair, PUT_OFF) as both:
        await both.settle()
        application = await pair.connect(Side.BACKUP)
        await application.execute("BEGIN; SELECT FROM p FOR UPDATE")
        await both.main.execute("INSERT INTO t VALUES (1, 'a', 'b', 'c', 1, 'd')")
        await go_round(both)
        await application.execute("ROLLBACK")
        assert len(await both.open_conflicts(Side.BACKUP)) == 1
        for sql in steps:
            for side in Side:
                await alter(both, side, sql)
            if name == "made_anew":
                async with both.main.transaction():
                    await both.main.execute("SELECT set_config('cdc.applying', 'on', true)")  # not captured
                    await both.main.execute("INSERT INTO t VALUES (1, 'd', 'b', 'c', 1, 'a')")
            await go_round(both)
        await both.reopen()
        await until_nothing_waits(both)
        await both.assert_equal("t")
        row = await both.backup.fetchrow(f"SELECT {first}, {second}, d FROM t WHERE id = 1")
        assert row == ("a", "b", "d")


async def test_exchanged_there_and_back_while_another_is_dropped(pair: Pair) -> None:
    """Nothing is renamed in the end, and nothing has to be compared."""
    async with synced(pair, PUT_OFF) as both:
        await both.settle()
        await both.main.execute(SWAPPED)
        await both.main.execute("INSERT INTO t VALUES (1, 'a', 'b', 'c', 1, 'd')")
        await both.main.execute(f"{SWAPPED}; ALTER TABLE t DROP c")
        await both.backup.execute("ALTER TABLE t DROP c")
        await both.settle()
        await both.assert_equal("t")
        assert await both.backup.fetchrow("SELECT a, b, d FROM t WHERE id = 1") == ("a", "b", "d")


NUMBERS = "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, 2);"


async def test_a_merge_goes_by_the_columns_new_names(pair: Pair) -> None:
    async with synced(pair, NUMBERS) as both, Resolver(*endpoints(pair)) as resolver:
        await both.settle()
        await both.main.execute("UPDATE t SET b = 1")
        await both.backup.execute("UPDATE t SET a = 3")
        await both.settle()
        shown = await get_conflict(both.main, both.backup, "t", "1")
        for side in Side:
            await alter(both, side, SWAPPED)
        merge = Decision("t", "1", Resolution.MERGE, "ann")
        with pytest.raises(ResolutionRefused, match="columns were renamed"):
            await resolver.resolve(merge)
        await both.settle()
        with pytest.raises(ConflictMoved):
            await resolver.resolve(replace(merge, version=shown.version, values={"a": "7"}))
        await resolver.resolve(merge)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await both.main.fetchrow("SELECT b, a FROM t") == (3, 1)


async def test_sums_of_columns_that_exchanged_names_are_left_to_a_person(pair: Pair) -> None:
    rule = PolicyRule(Policy.MANUAL, columns={name: ColumnRule(Strategy.SUM) for name in ("a", "b")})
    sql = NUMBERS + "ALTER TABLE t ADD c text"
    async with synced(pair, sql, policy=lambda _: rule) as both, Resolver(*endpoints(pair)) as resolver:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(f"UPDATE t SET a = a + 10, b = b + 100, c = '{side}'")
        await both.settle()
        for side in Side:
            await alter(both, side, SWAPPED)
        await both.settle()
        decision = Decision("t", "1", Resolution.MERGE, "ann", values={"c": "both"})
        settled = await resolver.resolve_all("t", [decision], policy=rule)
        (error,) = settled.refused.values()
        assert isinstance(error, MergeIncomplete)
        assert sorted(error.missing) == ["a", "b"]


@pytest.mark.parametrize("side", list(Side))
async def test_the_service_dies_while_columns_follow(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, side: Side
) -> None:
    async with synced(pair, PUT_OFF) as both:
        await both.settle()
        application = await pair.connect(Side.BACKUP)
        await application.execute("BEGIN; SELECT FROM p FOR UPDATE")
        await both.main.execute("INSERT INTO t VALUES (1, 'a', 'b', 'c', 1, 'd')")
        await go_round(both)
        for each in Side:
            await alter(both, each, f"{SWAPPED}; ALTER TABLE t DROP c; ALTER TABLE t ADD e text")
        follow_on = following._follow

        async def killed(targets: Mapping[Side, Target], each: Side, *rest: Any) -> None:
            if each is side:
                raise RuntimeError("killed")
            await follow_on(targets, each, *rest)

        with monkeypatch.context() as patch:
            patch.setattr(following, "_follow", killed)
            with pytest.raises(RuntimeError, match="killed"):
                await go_round(both)
        await both.reopen()
        await go_round(both)
        await application.execute("ROLLBACK")
        await until_nothing_waits(both)
        await both.assert_equal("t")
        assert await both.backup.fetchrow("SELECT b, a, d FROM t WHERE id = 1") == ("a", "b", "d")
