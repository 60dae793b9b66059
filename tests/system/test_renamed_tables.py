"""Tables are renamed while something of them is under way: it stays theirs, whatever they are called by now."""

from __future__ import annotations

import asyncio

import pytest

from cdc import renaming
from cdc.decision import Decision
from cdc.errors import ResolutionRefused
from cdc.model import Policy, Resolution, Side
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced
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


async def put_off(both: Synced, sql: str) -> None:
    """Have what MAIN does put off by BACKUP, where somebody holds the rows; they let go of them."""
    application = await both.pair.connect(Side.BACKUP)
    await application.execute("BEGIN; SELECT FROM s FOR UPDATE; SELECT FROM t FOR UPDATE")
    await both.main.execute(sql)
    await both.engine.step(Side.MAIN)
    assert await both.open_conflicts(Side.BACKUP)
    await application.execute("ROLLBACK")


async def renamed(both: Synced, sql: str) -> None:
    for side in Side:
        await alter(both, side, sql)


async def until_nothing_waits(both: Synced) -> None:
    await both.settle()
    for _ in range(40):
        if not await both.open_conflicts():
            break
        await asyncio.sleep(0.1)
        await both.settle()
    await both.assert_no_conflicts()


BY_KEY = """
UPDATE t SET a = 'fetched' WHERE id = 1;
TRUNCATE cdc.changelog;
INSERT INTO cdc.changelog (table_id, op, columns, new)
SELECT id, 'K', '{id}', '(1)' FROM cdc.captured_table WHERE table_name = 't'
"""
PUT_OFF = ("UPDATE t SET a = 'late' WHERE id < 3; DELETE FROM t WHERE id = 3", BY_KEY)
NAMES = {
    RENAMED: ("u", "s"),
    swapped("s", "t"): ("s", "t"),
    RENAMED + "; ALTER TABLE s RENAME TO t": ("u", "t"),
}


@pytest.mark.parametrize("looked", [False, True], ids=["tried_first", "looked_first"])
@pytest.mark.parametrize("sql", PUT_OFF, ids=["changes", "by_key"])
@pytest.mark.parametrize("rename", list(NAMES), ids=["to_a_new_name", "exchanged", "and_its_name_used_again"])
async def test_what_is_put_off_follows_its_table(
    pair: Pair,
    rename: str,
    sql: str,
    looked: bool,  # noqa: FBT001
) -> None:
    async with synced(pair, made("s") + made("t")) as both:
        await both.settle()
        await put_off(both, sql)
        due = "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() + interval '{}'"
        await both.backup.execute(due.format("1 hour" if looked else "0"))
        await renamed(both, rename)
        if looked:
            await both.settle()
            await both.backup.execute(due.format("0") + " WHERE next_try_at IS NOT NULL")
        await both.engine.links[Side.MAIN].retry()
        await both.engine.links[Side.MAIN].retry()
        await until_nothing_waits(both)
        await both.assert_equal(*NAMES[rename])
        of_t, of_s = NAMES[rename]
        assert await both.backup.fetchval(f"SELECT count(*) FROM {of_t} WHERE a <> 't'") > 0
        assert await both.backup.fetchval(f"SELECT count(*) FROM {of_s} WHERE a = 's'") == 5


@pytest.mark.parametrize("rename", list(NAMES), ids=["to_a_new_name", "exchanged", "and_its_name_used_again"])
async def test_a_conflict_follows_its_table(pair: Pair, rename: str) -> None:
    of_t, of_s = NAMES[rename]
    async with synced(pair, made("s") + made("t")) as both:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(f"UPDATE t SET a = '{side}' WHERE id = 1")
            await both.connection(side).execute(f"UPDATE s SET a = 's {side}' WHERE id IN (1, 2)")
        await both.settle()
        before = {(each.side, each.entity, each.entity_id) for each in await both.open_conflicts()}
        await renamed(both, rename)
        await both.settle()
        after = {(each.side, each.entity, each.entity_id) for each in await both.open_conflicts()}
        assert after == {(side, {"t": of_t, "s": of_s}[entity], each) for side, entity, each in before}
        for side in Side:
            await both.connection(side).execute(f"UPDATE {of_t} SET a = 'same' WHERE id = 1")
            await both.connection(side).execute(f"UPDATE {of_s} SET a = 'same' WHERE id IN (1, 2)")
        await until_nothing_waits(both)
        assert held(both) == set()


@pytest.mark.parametrize("again", [None, swapped("s", "t")], ids=["as_it_was", "renamed_back_meanwhile"])
@pytest.mark.parametrize("step", ["_note", "_finish"])
async def test_the_service_dies_while_names_follow(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, step: str, again: str | None
) -> None:
    async with synced(pair, made("s") + made("t")) as both:
        await both.settle()
        await put_off(both, "UPDATE t SET a = 'late' WHERE id < 3")
        await renamed(both, swapped("s", "t"))
        with monkeypatch.context() as patch:
            patch.setattr(renaming, step, killed)
            with pytest.raises(RuntimeError, match="killed"):
                await both.settle()
        if again:
            await renamed(both, again)
        await both.reopen()
        await until_nothing_waits(both)
        await both.assert_equal("s", "t")
        late, other = ("t", "s") if again else ("s", "t")
        assert await both.backup.fetchval(f"SELECT count(*) FROM {late} WHERE a = 'late'") == 2
        assert await both.backup.fetchval(f"SELECT count(*) FROM {other} WHERE a = 'late'") == 0
        assert await both.backup.fetchval("SELECT count(*) FROM cdc.definition") == 0


async def killed(*_: object) -> None:
    raise RuntimeError("killed")


def held(both: Synced) -> set[str]:
    return {entity for link in both.engine.links.values() for entity in link.held}


async def test_keys_to_be_compared_follow_their_table(pair: Pair) -> None:
    async with synced(pair, made("t")) as both:
        await both.settle()
        async with both.main.transaction():
            await both.main.execute("SELECT set_config('cdc.applying', 'on', true)")  # not captured
            await both.main.execute("UPDATE t SET a = 'different' WHERE id = 1")
        await both.main.execute(
            "INSERT INTO cdc.recheck (entity, entity_id, reason, here_seen)"
            " VALUES ('t', '1', '', pg_current_snapshot())"
        )
        await renamed(both, RENAMED)
        await both.engine.referee.step(look=False)
        await both.settle()
        assert [(each.entity, each.entity_id) for each in await both.open_conflicts()] == [("u", "1")]


async def test_nobody_decides_on_another_tables_row(pair: Pair) -> None:
    async with synced(pair, made("s") + made("t")) as both, Resolver(*endpoints(pair)) as resolver:
        await both.settle()
        for side in Side:
            await both.connection(side).execute(f"UPDATE t SET a = 't {side}' WHERE id = 1")
        await both.settle()
        await renamed(both, swapped("s", "t"))
        with pytest.raises(ResolutionRefused, match="was another table's"):
            await resolver.resolve(Decision("t", "1", Resolution.MAIN, "ann"))
        await both.settle()
        await resolver.resolve(Decision("s", "1", Resolution.MAIN, "ann"))
        await until_nothing_waits(both)
        await both.assert_equal("s", "t")
        assert await both.backup.fetchval("SELECT a FROM s WHERE id = 1") == "t MAIN"


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["key", "no_key"])
async def test_what_is_put_off_ends_with_its_table(pair: Pair, key: str) -> None:
    """Another table that is given the name long after is not given what is kept of the one that was dropped."""
    async with synced(pair, made("s") + made("t").replace("PRIMARY KEY", key)) as both:
        await both.settle()
        await put_off(both, "UPDATE t SET a = 'late' WHERE id = 1")
        await both.backup.execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() + interval '1 hour'"
        )
        await renamed(both, "DROP TABLE t")
        await both.settle()
        await renamed(both, "CREATE TABLE t (a text, id text, z text)")
        await both.settle()
        await both.reopen()
        await until_nothing_waits(both)
        await both.assert_equal("s", "t")
        assert [each.reason for each in await both.entries(Side.BACKUP, "CONVERGED")] == ["its table is gone"]
