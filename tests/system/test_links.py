"""What single transactions and writers do to a link, case by case; as a superuser and as a plain owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from cdc.model import Side
from cdc.stats import Options
from tests.databases import Pair, Servers
from tests.hosts import Connection
from tests.roles import Role, among, pair_of
from tests.synced import Synced, synced
from triggers.identifiers import identifier

KEYED = "CREATE TABLE t (id int PRIMARY KEY, v text, u int UNIQUE)"
FAMILY = """
CREATE TABLE parent (id int PRIMARY KEY, v text);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE INITIALLY DEFERRED, v text);
"""


@pytest.fixture(params=among(Role.SUPERUSER, Role.OWNER))
async def either(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Pair]:
    """Fresh databases, the engine's role a superuser or one that only owns the databases and the tables."""
    async with pair_of(servers, request.param) as fresh:
        yield fresh


async def step_all(both: Synced, source: Side) -> None:
    while (result := await both.engine.step(source)).changes or result.more:
        pass


async def settled(both: Synced, *tables: str) -> None:
    """All is applied, equal, and nobody was asked."""
    await both.settle()
    await both.assert_equal(*tables)
    await both.assert_no_conflicts()


# -- order -----------------------------------------------------------------------------------------------


async def test_a_low_number_that_commits_late_is_not_lost(pair: Pair) -> None:
    async with synced(pair, KEYED) as both:
        early = await pair.connect(Side.MAIN)
        async with early.transaction():
            await early.execute("INSERT INTO t VALUES (1, 'early')")
            await both.main.execute("INSERT INTO t VALUES (2, 'late')")
            await step_all(both, Side.MAIN)
            assert await both.backup.fetchval("SELECT array_agg(id) FROM t") == [2]
        await step_all(both, Side.MAIN)
        assert await both.backup.fetchval("SELECT array_agg(id ORDER BY id) FROM t") == [1, 2]
        assert await both.applied(Side.MAIN) == 2


@pytest.mark.parametrize("between", [True, False])
async def test_overlapping_updates_of_one_row_arrive_in_true_order(pair: Pair, *, between: bool) -> None:
    """The transaction with the lower number writes the row last."""
    async with synced(pair, KEYED + "; INSERT INTO t VALUES (1, 'a'), (2, 'a')") as both:
        first, second = await pair.connect(Side.MAIN), await pair.connect(Side.MAIN)
        async with first.transaction():
            await first.execute("UPDATE t SET v = 'first' WHERE id = 2")
            async with second.transaction():
                await second.execute("UPDATE t SET v = 'second' WHERE id = 1")
            if between:
                await step_all(both, Side.MAIN)
                assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "second"
            await first.execute("UPDATE t SET v = 'first' WHERE id = 1")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT array_agg(v) FROM t") == ["first", "first"]


async def test_a_transaction_larger_than_a_batch(either: Pair) -> None:
    async with synced(either, FAMILY, options=Options(batch_rows=3)) as both:
        async with both.main.transaction():
            await both.main.execute("INSERT INTO child SELECT i, i, 'x' FROM generate_series(1, 20) i")
            await both.main.execute("INSERT INTO parent SELECT i, 'x' FROM generate_series(1, 20) i")
            await both.main.execute("UPDATE child SET v = 'y' WHERE id % 2 = 0")
            await both.main.execute("UPDATE parent SET v = 'y' WHERE id % 3 = 0")
            await both.main.execute("DELETE FROM child WHERE id > 15")
            await both.main.execute("UPDATE child SET id = id + 100 WHERE id < 4")
        await settled(both, "parent", "child")
        assert await both.applied(Side.MAIN) == await both.captured(Side.MAIN)


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
async def test_what_is_written_while_a_window_is_paged_is_read(pair: Pair, rows: int) -> None:
    async with synced(pair, KEYED, options=Options(batch_rows=2)) as both:
        await both.main.execute(f"INSERT INTO t SELECT generate_series(1, {rows})")
        for steps in range(4):
            await both.main.execute(f"UPDATE t SET v = '{steps}'")
            await both.engine.step(Side.MAIN)
            await both.main.execute(f"UPDATE t SET v = 'then {steps}'")
            await settled(both, "t")


# -- many writers ----------------------------------------------------------------------------------------


async def test_writers_on_both_sides_at_once_end_equal(either: Pair) -> None:
    """Rows of one's own; transactions of all sizes, with savepoints and rollbacks; both links work meanwhile."""
    async with synced(either, FAMILY, options=Options(batch_rows=50)) as both:
        writers = [(side, number, await either.connect(side)) for side in Side for number in (1, 2, 3)]
        writing = asyncio.gather(
            *(
                write_much(connection, first=10_000 * number + 5_000 * (side is Side.BACKUP))
                for side, number, connection in writers
            )
        )
        while not writing.done():
            for side in Side:
                await both.engine.step(side)
        await writing
        await settled(both, "parent", "child")
        for side in Side:
            assert await both.applied(side) == await both.captured(side) > 500
            assert await both.entries(side, "RESOLVED", "CONVERGED") == []


async def write_much(connection: Connection, *, first: int) -> None:
    random = Random(first)
    for number in range(first, first + 60):
        outer = connection.transaction()
        await outer.start()
        await connection.execute("INSERT INTO parent VALUES ($1, 'new')", number)
        for _ in range(random.randrange(3)):
            inner = connection.transaction()
            await inner.start()
            some = random.randrange(first, number + 1)
            await connection.execute(
                "INSERT INTO child SELECT i, $1, 'new' FROM generate_series($2::int, $3::int) i"
                " ON CONFLICT (id) DO UPDATE SET v = child.v || '+', parent = excluded.parent",
                number,
                some,
                some + random.choice([0, 1, 30]),
            )
            await connection.execute("UPDATE parent SET v = v || '.' WHERE id = $1", some)
            await connection.execute(
                "DELETE FROM child WHERE id BETWEEN $1 AND $2", some, some + random.randrange(8)
            )
            await (inner.rollback() if random.random() < 0.3 else inner.commit())
        await (outer.rollback() if random.random() < 0.2 else outer.commit())


async def test_an_application_needs_no_rights_of_ours(either: Pair) -> None:
    async with synced(either, KEYED) as both:
        login = await either.add_login()
        await both.main.execute(f"GRANT ALL ON t TO {identifier(login.name)}")
        clerk = await either.connect(Side.MAIN, login)
        await clerk.execute("SET search_path = pg_temp; CREATE TEMP TABLE changelog (a int)")
        await clerk.execute("INSERT INTO public.t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
        await clerk.execute("UPDATE public.t SET v = 'd' WHERE id = 1; DELETE FROM public.t WHERE id = 2")
        await settled(both, "public.t")
        await clerk.execute("TRUNCATE public.t")
        await settled(both, "public.t")
        assert await both.backup.fetchval("SELECT count(*) FROM t") == 0
        assert not await both.main.fetchval("SELECT has_schema_privilege($1, 'cdc', 'USAGE')", login.name)


# -- keys and constraints --------------------------------------------------------------------------------


async def test_what_foreign_keys_cascade_to(either: Pair) -> None:
    schema = """
        CREATE TABLE p (id int PRIMARY KEY);
        CREATE TABLE gone (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
        CREATE TABLE kept (id int PRIMARY KEY, p int REFERENCES p ON DELETE SET NULL ON UPDATE CASCADE);
        CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE);
        INSERT INTO p SELECT generate_series(1, 9);
        INSERT INTO gone SELECT i, i FROM generate_series(1, 9) i;
        INSERT INTO kept SELECT i, i FROM generate_series(1, 9) i;
        INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, NULL), (5, 4);
    """
    async with synced(either, schema) as both:
        await both.main.execute("DELETE FROM p WHERE id < 4")
        await both.backup.execute("UPDATE p SET id = id + 100 WHERE id > 6")
        await both.main.execute("DELETE FROM tree WHERE id = 1")
        await settled(both, "p", "gone", "kept", "tree")
        assert await both.main.fetchval("SELECT count(*) FROM gone WHERE p > 100") == 3
        assert await both.backup.fetchval("SELECT count(*) FROM kept WHERE p IS NULL") == 3
        assert await both.backup.fetchval("SELECT count(*) FROM tree") == 2


@pytest.mark.parametrize("batch_rows", [1000, 1])
async def test_unique_values_change_hands(either: Pair, batch_rows: int) -> None:
    rows = "; INSERT INTO t SELECT i, 'x', i FROM generate_series(1, 4) i"
    async with synced(either, KEYED + rows, options=Options(batch_rows=batch_rows)) as both:
        async with both.main.transaction():
            await both.main.execute("UPDATE t SET u = -1 WHERE id = 1")
            await both.main.execute("UPDATE t SET u = 1 WHERE id = 2")
            await both.main.execute("UPDATE t SET u = 2 WHERE id = 1")
        await both.main.execute("DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (5, 'y', 3)")
        await both.main.execute("UPDATE t SET u = 40 WHERE id = 4; INSERT INTO t VALUES (6, 'z', 4)")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT array_agg(u ORDER BY id) FROM t") == [2, 1, 40, 3, 4]


@pytest.mark.parametrize("batch_rows", [1000, 2, 1])
async def test_deferrable_keys_shifted_and_swapped(either: Pair, batch_rows: int) -> None:
    schema = """
        CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, v text, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO t SELECT i, 'v' || i, i FROM generate_series(1, 9) i;
    """
    async with synced(either, schema, options=Options(batch_rows=batch_rows)) as both:
        await both.main.execute("UPDATE t SET id = id + 1")
        await settled(both, "t")
        await both.backup.execute("UPDATE t SET u = 10 - u")
        await settled(both, "t")
        await both.main.execute("INSERT INTO t VALUES (99, 'new', 99); DELETE FROM t WHERE id = 5")
        await settled(both, "t")


async def test_no_two_rows_share_a_deferrable_key(either: Pair) -> None:
    """Under the replica role the server does not look: two rows with one value must not pass for applied."""
    schema = """
        CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO t VALUES (1, 1), (2, 2);
    """
    async with synced(either, schema) as both:
        await both.main.execute("UPDATE t SET u = 9 WHERE id = 1")
        await both.backup.execute("UPDATE t SET u = 9 WHERE id = 2")
        await both.settle()
        for side in Side:
            values = await both.connection(side).fetchval("SELECT array_agg(u) FROM t")
            assert len(set(values)) == 2
            assert {entry.type for entry in await both.open_conflicts(side)} == {"UNIQUE_VIOLATION"}


@pytest.mark.granted("the table's own trigger would make it wait")
async def test_a_trigger_that_updates_its_own_table(pair: Pair) -> None:
    schema = """
        CREATE TABLE t (id int PRIMARY KEY, v text, times int DEFAULT 0);
        CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE t SET times = times + 1 WHERE id = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER again AFTER INSERT OR UPDATE OF v ON t FOR EACH ROW EXECUTE FUNCTION again();
    """
    async with synced(pair, schema) as both:
        await both.main.execute("INSERT INTO t SELECT i, 'a' FROM generate_series(1, 5) i")
        await both.backup.execute("INSERT INTO t SELECT i, 'a' FROM generate_series(11, 15) i")
        await settled(both, "t")
        async with both.main.transaction():
            await both.main.execute("UPDATE t SET v = 'b' WHERE id < 4")
            await both.main.execute("UPDATE t SET v = 'a' WHERE id < 3")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT array_agg(times ORDER BY id) FROM t WHERE id < 6") == [
            3,
            3,
            2,
            1,
            1,
        ]


@pytest.mark.parametrize("batch_rows", [1000, 1])
async def test_circular_foreign_keys(either: Pair, batch_rows: int) -> None:
    schema = """
        CREATE TABLE team (id int PRIMARY KEY, leader int);
        CREATE TABLE staff (id int PRIMARY KEY, team int NOT NULL REFERENCES team DEFERRABLE);
        ALTER TABLE team ADD FOREIGN KEY (leader) REFERENCES staff DEFERRABLE;
    """
    async with synced(either, schema, options=Options(batch_rows=batch_rows)) as both:
        for write in (
            "INSERT INTO team VALUES (1, 1), (2, 2); INSERT INTO staff VALUES (1, 1), (2, 2)",
            "UPDATE team SET leader = 3 WHERE id = 1; INSERT INTO staff VALUES (3, 2)",
            "DELETE FROM staff WHERE id = 2; DELETE FROM team WHERE id = 2; UPDATE staff SET team = 1",
        ):
            async with both.main.transaction():
                await both.main.execute("SET CONSTRAINTS ALL DEFERRED")
                await both.main.execute(write)
            await settled(both, "team", "staff")


async def test_a_child_whose_parent_comes_in_a_later_batch(either: Pair) -> None:
    async with synced(either, FAMILY, options=Options(batch_rows=1)) as both:
        async with both.main.transaction():
            await both.main.execute("INSERT INTO child VALUES (1, 1, 'c')")
            await both.main.execute("INSERT INTO parent VALUES (1, 'p')")
        await both.engine.step(Side.MAIN)
        assert await both.backup.fetchval("SELECT count(*) FROM child") == 0
        assert [entry.status for entry in await both.open_conflicts()] == ["DEFERRED"]
        await settled(both, "parent", "child")


# -- locks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", ["UPDATE t SET v = 'y'", "DELETE FROM t", "TRUNCATE t"])
async def test_a_locked_row_keeps_no_other_waiting(either: Pair, write: str) -> None:
    rows = "; INSERT INTO t SELECT i, 'x' FROM generate_series(1, 9) i"
    async with synced(either, KEYED + rows) as both:
        sitter = await either.connect(Side.BACKUP)
        async with sitter.transaction():
            await sitter.execute("SELECT FROM t WHERE id = 5 FOR UPDATE")
            await both.main.execute(write)
            await step_all(both, Side.MAIN)
            left = await both.backup.fetchval("SELECT array_agg(id) FROM t WHERE v = 'x'")
            assert left == [5]
            assert await both.open_conflicts(Side.MAIN) == []
            assert [entry.status for entry in await both.open_conflicts()] == ["DEFERRED"]
        await settled(both, "t")


# -- TRUNCATE --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_rows", [1000, 2, 1])
async def test_truncate_of_a_family(either: Pair, batch_rows: int) -> None:
    rows = """
        INSERT INTO parent SELECT generate_series(1, 9);
        INSERT INTO child SELECT i, i FROM generate_series(1, 9) i;
    """
    async with synced(either, FAMILY + rows, options=Options(batch_rows=batch_rows)) as both:
        await both.main.execute("TRUNCATE parent CASCADE")
        await both.main.execute(
            "INSERT INTO parent VALUES (1, 'new'); INSERT INTO child VALUES (2, 1, 'new')"
        )
        await settled(both, "parent", "child")
        assert await both.backup.fetchval("SELECT count(*) FROM child") == 1
        await both.backup.execute("TRUNCATE parent, child")
        await settled(both, "parent", "child")
        assert await both.main.fetchval("SELECT count(*) FROM parent") == 0


async def test_truncate_leaves_what_the_source_had_not_seen(either: Pair) -> None:
    """The new child needs its parent: that stays too, and is a conflict with both versions."""
    rows = """
        INSERT INTO parent SELECT generate_series(1, 3);
        INSERT INTO child SELECT i, i FROM generate_series(1, 3) i;
    """
    async with synced(either, FAMILY + rows) as both:
        await both.backup.execute(
            "INSERT INTO child VALUES (7, 2, 'unseen'); INSERT INTO parent VALUES (8, 'unseen')"
        )
        await both.main.execute("TRUNCATE parent CASCADE")
        await both.settle()
        assert await both.rows(Side.BACKUP, "parent") == ["(2,)", "(8,unseen)"]
        assert await both.rows(Side.BACKUP, "child") == ["(7,2,unseen)"]
        assert await both.rows(Side.MAIN, "parent") == ["(8,unseen)"]
        assert {(entry.entity, entry.entity_id) for entry in await both.open_conflicts()} == {
            ("parent", "2"),
            ("child", "7"),
        }


async def test_truncate_of_a_circle(either: Pair) -> None:
    schema = """
        CREATE TABLE team (id int PRIMARY KEY, leader int);
        CREATE TABLE staff (
            id int PRIMARY KEY, team int REFERENCES team DEFERRABLE, boss int REFERENCES staff DEFERRABLE
        );
        ALTER TABLE team ADD FOREIGN KEY (leader) REFERENCES staff DEFERRABLE;
        BEGIN;
        SET CONSTRAINTS ALL DEFERRED;
        INSERT INTO team VALUES (1, 1), (2, 2);
        INSERT INTO staff VALUES (1, 1, 2), (2, 2, 1), (3, 1, 3);
        COMMIT;
    """
    async with synced(either, schema) as both:
        await both.main.execute("TRUNCATE team, staff")
        await settled(both, "team", "staff")
        assert await both.backup.fetchval("SELECT count(*) FROM staff") == 0
