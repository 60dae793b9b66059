"""Tables are renamed while something of them is under way: it stays theirs, whatever they are called by now."""

from __future__ import annotations

import pytest

from cdc.model import Policy, Side
from tests.databases import Pair
from tests.synced import Synced, synced
from triggers.install import install


def made(table: str) -> str:
    return (
        f"CREATE TABLE {table} (id int PRIMARY KEY, a text);"
        f"INSERT INTO {table} SELECT i, '{table}' FROM generate_series(1, 5) i;"
    )


def swapped(one: str, other: str) -> str:
    renames = ((one, "x"), (other, one), ("x", other))
    return "".join(f"ALTER TABLE {name} RENAME TO {new};" for name, new in renames)


RENAMED = "ALTER TABLE t RENAME TO u"


async def alter(both: Synced, side: Side, sql: str) -> None:
    await both.connection(side).execute(sql)
    # What the service does every few seconds.
    await install(both.connection(side), side=side, schemas=["public"])


@pytest.mark.parametrize("policy", [Policy.MANUAL, Policy.MAIN_WINS])
@pytest.mark.parametrize("first", list(Side))
async def test_what_is_written_before_the_other_side_renames_arrives(
    pair: Pair, first: Side, policy: Policy
) -> None:
    async with synced(pair, made("t"), policy=lambda _: policy) as both:
        await both.settle()
        await alter(both, first, RENAMED)
        other = both.connection(first.other)
        await other.execute("INSERT INTO t VALUES (100, 'new')")
        await other.execute("UPDATE t SET a = 'changed' WHERE id = 1; DELETE FROM t WHERE id = 2")
        await both.settle()
        assert both.engine.links[first.other].held == {"t"}
        await alter(both, first.other, RENAMED)
        await other.execute("UPDATE u SET a = 'changed again' WHERE id IN (1, 100)")
        await both.settle()
        assert both.engine.links[first.other].held == set()
        await both.assert_no_conflicts()
        await both.assert_equal("u")
        found = await both.connection(first).fetch("SELECT id FROM u WHERE a = 'changed again' ORDER BY id")
        assert [row["id"] for row in found] == [1, 100]
        assert await both.connection(first).fetchval("SELECT count(*) FROM u WHERE id = 2") == 0


async def test_tables_that_exchange_names_go_on_from_where_each_was_held(pair: Pair) -> None:
    async with synced(pair, made("s") + made("t")) as both:
        await both.settle()
        await alter(both, Side.BACKUP, swapped("s", "t"))
        for table, row in (("s", 1), ("s", 2), ("t", 3)):
            await both.main.execute(f"UPDATE {table} SET a = '{table} changed' WHERE id = {row}")
            await both.settle()
        assert both.engine.links[Side.MAIN].held == {"s", "t"}
        await alter(both, Side.MAIN, swapped("s", "t"))
        await both.settle()
        assert both.engine.links[Side.MAIN].held == set()
        await both.assert_no_conflicts()
        await both.assert_equal("s", "t")
        changed = [row["id"] for row in await both.backup.fetch("SELECT id FROM t WHERE a = 's changed'")]
        assert sorted(changed) == [1, 2]


async def test_held_by_its_name_alone_by_an_earlier_release(pair: Pair) -> None:
    async with synced(pair, made("t")) as both:
        await both.settle()
        await both.main.execute("ALTER TABLE t ADD b text; UPDATE t SET b = 'b' WHERE id = 1")
        await both.settle()
        await both.backup.execute("UPDATE cdc.position SET table_id = 0")
        await both.reopen()
        assert both.engine.links[Side.MAIN].held == {"t"}
        for side in Side:
            await alter(both, side, RENAMED)
        await both.backup.execute("ALTER TABLE u ADD b text")
        await both.settle()
        assert both.engine.links[Side.MAIN].held == set()
        await both.assert_no_conflicts()
        await both.assert_equal("u")
