from __future__ import annotations

from cdc.decision import Decision
from cdc.model import Resolution, Side
from cdc.record_state import State, record_state
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE SCHEMA shop;
CREATE TABLE shop.line (a text, b int, v text, PRIMARY KEY (a, b));
INSERT INTO t VALUES (1, 'x'), (2, 'x');
INSERT INTO shop.line VALUES ('a,b%', 1, 'x'), ('c', 1, 'x');
"""


async def state(both: Synced, entity: str, entity_id: str) -> State | None:
    found = await record_state(both.main, both.backup, entity, entity_id)
    return found and found.state


async def test_a_records_way_through_its_states(pair: Pair) -> None:
    async with synced(pair, SCHEMA, schemas=("public", "shop")) as both:
        assert await state(both, "t", "1") is State.SYNCED
        await both.main.execute("UPDATE t SET v = 'y' WHERE id = 1")
        assert await state(both, "t", "1") is State.PENDING
        assert await state(both, "t", "2") is State.SYNCED
        await both.settle()
        assert await state(both, "t", "1") is State.SYNCED
        await both.main.execute("UPDATE t SET v = 'm' WHERE id = 1")
        await both.backup.execute("UPDATE t SET v = 'b' WHERE id = 1")
        await both.settle()
        found = await record_state(both.main, both.backup, "t", "1")
        assert found is not None
        assert (found.state, found.since) == (State.CONFLICT, found.detected_at)
        async with Resolver(*endpoints(pair, ("public", "shop"))) as resolver:
            await resolver.resolve(Decision("t", "1", Resolution.BACKUP, "ann"))
        await both.settle()
        found = await record_state(both.main, both.backup, "t", "1")
        assert found is not None
        assert (found.state, found.resolution, found.resolved_by) == (
            State.RESOLVED,
            Resolution.BACKUP,
            "ann",
        )
        assert found.since == found.resolved_at
        assert await both.main.fetchval("SELECT state FROM cdc.record_state('t', '2')") == "SYNCED"


async def test_composite_keys_other_schemas_deletes_and_truncates(pair: Pair) -> None:
    async with synced(pair, SCHEMA, schemas=("public", "shop")) as both:
        await both.backup.execute("DELETE FROM shop.line WHERE a = 'a,b%'")
        assert await state(both, "shop.line", "a%2Cb%25,1") is State.PENDING
        assert await state(both, "shop.line", "c,1") is State.SYNCED
        await both.settle()
        assert await state(both, "shop.line", "a%2Cb%25,1") is State.SYNCED
        await both.main.execute("TRUNCATE shop.line")
        assert await state(both, "shop.line", "c,1") is State.PENDING
        await both.main.execute("ALTER TABLE t ADD w int; UPDATE t SET w = 1; ALTER TABLE t DROP COLUMN w")
        assert await state(both, "t", "2") is State.PENDING
        assert await state(both, "nothing", "1") is None


async def test_changes_recorded_by_key_only(pair: Pair) -> None:
    record = """SET cdc.applying = 'on'; INSERT INTO cdc.changelog (table_id, op, columns, new)
    SELECT id, 'K', key_columns, {row}::text FROM cdc.captured_table WHERE table_name = '{table}';
    RESET cdc.applying"""
    async with synced(pair, SCHEMA, schemas=("public", "shop")) as both:
        await both.main.execute(record.format(row="ROW(1)", table="t"))
        await both.main.execute(record.format(row="ROW('a,b%', 1)", table="line"))
        assert await state(both, "t", "1") is State.PENDING
        assert await state(both, "t", "2") is State.SYNCED
        assert await state(both, "shop.line", "a%2Cb%25,1") is State.PENDING
        assert await state(both, "shop.line", "c,1") is State.SYNCED
        for side in (Side.MAIN, Side.BACKUP):
            await both.engine.step(side)
        assert await state(both, "t", "1") is State.PENDING
        await both.settle()
        assert await state(both, "t", "1") is State.SYNCED
        assert await state(both, "shop.line", "a%2Cb%25,1") is State.SYNCED


async def test_a_number_is_one_however_it_is_printed(pair: Pair) -> None:
    schema = "CREATE TABLE t (id numeric PRIMARY KEY, v text); INSERT INTO t VALUES (1.00, 'x'), (2, 'x')"
    async with synced(pair, schema) as both:
        await both.main.execute("UPDATE t SET v = 'y' WHERE id = 1")
        assert [await state(both, "t", name) for name in ("1", "1.00", "2")] == [
            State.PENDING,
            State.PENDING,
            State.SYNCED,
        ]


async def test_changes_of_before_a_column_had_another_type_count_as_any_records(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("UPDATE t SET v = 'not a number' WHERE id = 1")
        await both.main.execute("ALTER TABLE t ALTER v TYPE int USING 7")
        assert await state(both, "t", "1") is State.PENDING
        assert await state(both, "t", "2") is State.PENDING


async def test_names_do_not_depend_on_the_session(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE k (id regclass PRIMARY KEY, v text)") as both:
        await both.main.execute("INSERT INTO k VALUES ('pg_class', 'x'), ('k', 'x')")
        await both.main.execute("SET quote_all_identifiers = on; SET search_path = public")
        for name in ("pg_class", "public.k"):
            found = "SELECT state FROM cdc.record_state('k', $1, pg_current_snapshot()::text)"
            assert await both.main.fetchval(found, name) == "SYNCED"
            found = "SELECT state FROM cdc.record_state('k', $1, '1:1:')"
            assert await both.main.fetchval(found, name) == "PENDING"
