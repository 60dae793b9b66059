"""What is put off is kept as it was written: nothing of it is doubled, merged or forgotten."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from cdc import sieve
from cdc.decision import Decision
from cdc.errors import ResolutionRefused
from cdc.model import Policy, Resolution, Side
from cdc.policy import ColumnRule, PolicyRule, Strategy
from cdc.resolve import Resolver
from cdc.stats import Options
from tests.databases import Pair
from tests.running import until
from tests.synced import Synced, endpoints, synced

SUMMED = PolicyRule(Policy.MERGE, columns={"n": ColumnRule(Strategy.SUM)})
AGAIN = """
CREATE TABLE t (id int PRIMARY KEY, v text, n int);
INSERT INTO t VALUES (1, 'a', 0);
CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() < 2 THEN
        UPDATE t SET n = n + 1 WHERE id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
"""
"""The function is for a trigger that MAIN gets, so that BACKUP, as an owner's, does not refuse the table."""
TRIGGER = "CREATE TRIGGER again AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION again()"


async def due(both: Synced) -> None:
    """Let every entry be tried again now, and once more: a table that was altered is only read anew at first."""
    for _ in range(2):
        await both.backup.execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
        )
        await both.settle()


async def test_a_locked_row_whose_own_trigger_updated_it(pair: Pair) -> None:
    """The trigger's update is logged before the one that fired it."""
    async with synced(pair, AGAIN) as both:
        await both.main.execute(TRIGGER)
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            await other.execute("SELECT FROM t FOR UPDATE")
            await both.main.execute("UPDATE t SET v = 'b'")
            await both.engine.step(Side.MAIN)
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("t")


async def test_rows_without_a_key_around_an_altered_table(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another table's new column cuts the batch; what is put off as a set is put off once all the same."""
    monkeypatch.setattr(sieve, "ALONE", 1)
    monkeypatch.setattr(sieve, "SIFTED", 0)
    schema = """
        CREATE TABLE t (id int PRIMARY KEY, v text);
        CREATE TABLE bag (t int REFERENCES t, v text);
        INSERT INTO t VALUES (1, 'a');
    """
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE bag ADD CONSTRAINT refuse CHECK (v NOT LIKE 'bad%')")
        await both.backup.execute("ALTER TABLE t ADD w text")
        async with both.main.transaction():
            await both.main.execute("INSERT INTO bag SELECT 1, 'bad' FROM generate_series(1, 16)")
            await both.main.execute("INSERT INTO bag VALUES (1, 'bad too')")
            await both.main.execute("INSERT INTO t VALUES (2, 'a'), (3, 'a')")
            await both.main.execute("ALTER TABLE t ADD w text")
            await both.main.execute("INSERT INTO t VALUES (4, 'a')")
            await both.main.execute("INSERT INTO bag SELECT 1, 'bad too' FROM generate_series(1, 8)")
        await both.settle()
        await both.backup.execute("ALTER TABLE bag DROP CONSTRAINT refuse")
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("t", "bag")


async def test_a_sum_is_added_once_beside_another_conflict(pair: Pair) -> None:
    """Entries from before and after an ALTER TABLE are tried in one go, and the first is a conflict by now."""
    schema = (
        "CREATE TABLE t (id int PRIMARY KEY, v text, n int); INSERT INTO t VALUES (1, 'a', 0), (2, 'a', 0);"
    )
    async with synced(pair, schema, policy=lambda _: SUMMED) as both:
        await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v <> 'bad')")
        await both.main.execute("UPDATE t SET v = 'bad', n = n + 1 WHERE id = 1")
        await both.engine.step(Side.MAIN)
        for side in Side:
            await both.connection(side).execute("ALTER TABLE t ADD w text")
        await both.main.execute("UPDATE t SET v = 'bad', n = n + 10 WHERE id = 2")
        await both.engine.step(Side.MAIN)
        await both.backup.execute("UPDATE t SET v = 'mine' WHERE id = 1")
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT refuse")
        await due(both)
        assert [conflict.entity_id for conflict in await both.open_conflicts(Side.BACKUP)] == ["1"]
        assert await both.backup.fetchval("SELECT n FROM t WHERE id = 2") == 10


@pytest.mark.superuser("a trigger that fires for the service, too")
@pytest.mark.parametrize("alone", [1, 64])
async def test_equal_rows_that_a_truncate_cannot_take(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, alone: int
) -> None:
    monkeypatch.setattr(sieve, "ALONE", alone)
    monkeypatch.setattr(sieve, "SIFTED", 0)
    schema = """
        CREATE TABLE bag (v text);
        INSERT INTO bag SELECT 'x' FROM generate_series(1, 5);
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
    """
    async with synced(pair, schema) as both:
        await both.backup.execute(
            "CREATE TRIGGER no BEFORE DELETE ON bag FOR EACH ROW EXECUTE FUNCTION no();"
            "ALTER TABLE bag ENABLE ALWAYS TRIGGER no"
        )
        await both.main.execute("TRUNCATE bag")
        await both.settle()
        assert len(await both.open_conflicts()) == 5
        await both.backup.execute("DROP TRIGGER no ON bag")
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("bag")


async def test_on_a_link_that_is_always_behind(pair: Pair) -> None:
    """It finds nothing but windows too large for a batch, and tries what is put off between two of them."""
    schema = "CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE log (id serial PRIMARY KEY, v text);"
    async with synced(pair, schema, options=Options(batch_rows=1)) as both:
        link = both.engine.links[Side.MAIN]
        await link.open(listen=True)
        await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v <> 'bad')")

        async def write() -> None:
            while True:
                await both.main.execute("INSERT INTO log (v) SELECT 'v' FROM generate_series(1, 20)")
                await asyncio.sleep(0.02)

        async def shown() -> bool:
            return bool(await both.entries(Side.BACKUP, "OPEN"))

        tasks = [asyncio.create_task(write()), asyncio.create_task(link.run())]
        try:
            await asyncio.sleep(0.2)
            observer = await pair.connect(Side.MAIN)
            await observer.execute("INSERT INTO t VALUES (1, 'bad')")
            await until(shown)
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


@pytest.mark.parametrize("rows", [1, 1000])
async def test_later_changes_of_a_refused_row_are_logged_in_the_wrong_order(pair: Pair, rows: int) -> None:
    async with synced(pair, AGAIN, options=Options(batch_rows=rows)) as both:
        await both.main.execute(TRIGGER)
        await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v NOT LIKE 'bad%')")
        for value in ("bad", "bad too", "bad still"):
            await both.main.execute("UPDATE t SET v = $1", value)
            await both.settle()
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT refuse")
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("t")


@pytest.mark.parametrize("rows", [1, 2, 3, 1000])
async def test_a_row_and_its_own_trigger_in_turn_in_parts(pair: Pair, rows: int) -> None:
    async with synced(pair, AGAIN, options=Options(batch_rows=rows)) as both:
        await both.main.execute(TRIGGER)
        async with both.main.transaction():
            for value in "xyz":
                await both.main.execute("UPDATE t SET v = $1", value)
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


@pytest.mark.parametrize("rows", [1, 2, 3, 1000])
@pytest.mark.parametrize("v", ["i", "0"])
async def test_keys_shifted_twice_in_parts(pair: Pair, rows: int, v: str) -> None:
    schema = f"""
        CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v int);
        INSERT INTO t SELECT i, {v} FROM generate_series(1, 5) i;
    """
    async with synced(pair, schema, options=Options(batch_rows=rows)) as both:
        async with both.main.transaction():
            for _ in range(2):
                await both.main.execute("UPDATE t SET id = id + 1")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


@pytest.mark.parametrize("rows", [1, 1000])
@pytest.mark.parametrize(
    "then", ["DELETE FROM t WHERE id = NEW.id", "UPDATE t SET v = 'a' WHERE id = NEW.id"]
)
async def test_what_its_own_trigger_takes_back_in_parts(pair: Pair, then: str, rows: int) -> None:
    """The end is logged first, and is what the target has already."""
    schema = AGAIN.replace("UPDATE t SET n = n + 1 WHERE id = NEW.id", then)
    async with synced(pair, schema, options=Options(batch_rows=rows)) as both:
        await both.main.execute(TRIGGER.replace("UPDATE", "INSERT OR UPDATE"))
        await both.main.execute(
            "INSERT INTO t VALUES (2, 'b', 0), (3, 'c', 0); UPDATE t SET v = 'd' WHERE id = 1"
        )
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


async def test_nested_three_deep_in_parts(pair: Pair) -> None:
    """F to T to A, and A to H to O to H, each nested in the one before, so that the innermost is logged first."""
    changes = [
        (f'{{"v":"{before}"}}', f'{{"v":"{after}"}}') for before, after in ("TA", "FT", "OH", "HO", "AH")
    ]
    async with synced(pair, AGAIN) as both:
        entry: tuple[str, str, str | None] = (*changes[0], None)
        for change in changes[1:]:
            row = await both.main.fetchrow(
                "SELECT base, incoming, gap FROM cdc.chain_on($1, $2, $3::json, $4, $5)", *entry, *change
            )
            assert row is not None
            entry = row["base"], row["incoming"], row["gap"]
        assert entry == ('{"v":"F"}', '{"v":"H"}', None)


@pytest.mark.parametrize("seats", [3, 120])
async def test_conflicts_change_places_though_each_is_due_at_its_own_time(pair: Pair, seats: int) -> None:
    """More of them than conflicts are tried at once, or each alone: those in the way of one are taken along."""
    schema = f"""
        CREATE TABLE seat (id int PRIMARY KEY, v text, place int UNIQUE DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO seat SELECT i, 'v', i FROM generate_series(1, {seats}) i;
    """
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE seat ADD CONSTRAINT refuse CHECK (v <> 'bad')")
        await both.main.execute(
            "UPDATE seat SET place = place % $1::int + 1, v = CASE id WHEN 2 THEN 'bad' ELSE v END", seats
        )
        await both.engine.step(Side.MAIN)
        link = both.engine.links[Side.MAIN]
        while await both.entries(Side.BACKUP, "DEFERRED"):
            await both.backup.execute(
                "UPDATE cdc.sync_state SET next_try_at = next_try_at - interval '1 minute'"
            )
            await link.retry()
        assert len(await both.open_conflicts()) == seats
        await both.backup.execute("INSERT INTO seat VALUES (1000, 'mine', 1000)")
        await both.main.execute("INSERT INTO seat VALUES (1001, 'not beside that', 1000)")
        await both.engine.step(Side.MAIN)
        await both.backup.execute("ALTER TABLE seat DROP CONSTRAINT refuse")
        for _ in range(4):
            await both.backup.execute(
                "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() + CASE"
                " WHEN id = (SELECT min(id) FROM cdc.sync_state WHERE status = 'OPEN') THEN '0 s'"
                " WHEN entity_id = '1001' THEN '-1 s'"
                " ELSE '20 s' END::interval"
                " WHERE next_try_at IS NOT NULL"
            )
            await link.retry()
        assert {each.entity_id for each in await both.open_conflicts(Side.BACKUP)} == {"1001"}


@pytest.mark.parametrize("rows", [1, 3, 4, 5, 1000])
async def test_locked_rows_in_parts(pair: Pair, rows: int) -> None:
    schema = AGAIN.replace("(1, 'a', 0)", "(1, 'a', 0), (2, 'a', 0), (3, 'a', 0)")
    async with synced(pair, schema, options=Options(batch_rows=rows), policy=lambda _: SUMMED) as both:
        await both.main.execute(TRIGGER)
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            await other.execute("SELECT FROM t FOR UPDATE")
            await both.main.execute("UPDATE t SET v = 'b'")
            while (step := await both.engine.step(Side.MAIN)).changes or step.more:
                pass
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("t")


EXCHANGED = {
    "nullable": "place int UNIQUE",
    "not null": "place int NOT NULL UNIQUE",
    "computed": "place int, seat int GENERATED ALWAYS AS (place % 10) STORED UNIQUE",
    "excluded": "place int, EXCLUDE USING gist (int4range(place, place, '[]') WITH &&)",
    "referred to": "place int UNIQUE",
}


@pytest.mark.parametrize("rows", [1, 1000])
@pytest.mark.parametrize("kind", EXCHANGED)
@pytest.mark.parametrize("locked", [True, False])
async def test_unique_values_are_exchanged_with_a_row_that_is_put_off(
    pair: Pair, kind: str, rows: int, *, locked: bool
) -> None:
    """They cannot be deferred, and the value that MAIN had in between is gone by the time they are tried again."""
    schema = f"""
        CREATE TABLE t (id int PRIMARY KEY, v text, {EXCHANGED[kind]});
        INSERT INTO t (id, v, place) VALUES (1, 'a', 1), (2, 'a', 2);
        CREATE TABLE child (id int PRIMARY KEY, t int {"REFERENCES t" if kind == "referred to" else ""});
        INSERT INTO child VALUES (1, 1);
    """
    exchange = (
        f"UPDATE t SET place = 3, v = '{'b' if locked else 'bad'}' WHERE id = 1;"
        "UPDATE t SET place = 1 WHERE id = 2; UPDATE t SET place = 2 WHERE id = 1"
    )
    async with synced(pair, schema, options=Options(batch_rows=rows)) as both:
        await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v <> 'bad')")
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            if locked:
                await other.execute("SELECT FROM t WHERE id = 1 FOR UPDATE")
            await both.main.execute(exchange)
            while (step := await both.engine.step(Side.MAIN)).changes or step.more:
                pass
        await both.reopen()
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT refuse")
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("t", "child")


async def test_values_that_cannot_be_exchanged_are_given_others(pair: Pair) -> None:
    """Where others refer to the rows, neither can be decided for a side; one that gets a free value can."""
    schema = """
        CREATE TABLE t (id int PRIMARY KEY, place int NOT NULL UNIQUE);
        INSERT INTO t VALUES (1, 1), (2, 2);
        CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t);
        INSERT INTO child VALUES (1, 1);
    """
    async with synced(pair, schema) as both:
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            await other.execute("SELECT FROM t WHERE id = 1 FOR UPDATE")
            await both.main.execute(
                "UPDATE t SET place = 3 WHERE id = 1; UPDATE t SET place = 1 WHERE id = 2;"
                "UPDATE t SET place = 2 WHERE id = 1"
            )
            await both.engine.step(Side.MAIN)
        await due(both)
        assert {each.entity_id for each in await both.open_conflicts()} == {"1", "2"}
        async with Resolver(*endpoints(pair)) as resolver:
            for resolution in (Resolution.MAIN, Resolution.BACKUP):
                with pytest.raises(ResolutionRefused, match="t_place_key"):
                    await resolver.resolve(Decision("t", "1", resolution, by="ann"))
            await resolver.resolve(Decision("t", "1", Resolution.MERGE, by="ann", values={"place": "9"}))
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await both.rows(Side.MAIN, "t") == ["(1,9)", "(2,1)"]


async def test_what_somebody_wrote_meanwhile_is_not_overwritten_by_an_exchange(pair: Pair) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, v text, place int UNIQUE);"
    async with synced(pair, schema + "INSERT INTO t VALUES (1, 'a', 1), (2, 'a', 2)") as both:
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            await other.execute("UPDATE t SET v = 'mine' WHERE id = 1")
            await both.main.execute(
                "UPDATE t SET place = NULL WHERE id = 1; UPDATE t SET place = 1 WHERE id = 2;"
                "UPDATE t SET place = 2 WHERE id = 1"
            )
            await both.engine.step(Side.MAIN)
        await due(both)
        assert "1" in {each.entity_id for each in await both.open_conflicts(Side.BACKUP)}
        assert await both.backup.fetchval("SELECT t::text FROM t WHERE id = 1") == "(1,mine,1)"
        assert await both.main.fetchval("SELECT t::text FROM t WHERE id = 1") == "(1,a,2)"


@pytest.mark.parametrize("index", ["", "CREATE UNIQUE INDEX ON t (id)"], ids=["", "unique"])
@pytest.mark.parametrize("parts", [1, 1000])
@pytest.mark.parametrize(
    "second",
    [
        "UPDATE t SET v = 'c' WHERE id = 1",
        "UPDATE t SET v = 'a' WHERE id = 1",
        "DELETE FROM t WHERE id = 1",
        "UPDATE t SET v = 'c' WHERE id = 1; UPDATE t SET v = 'd' WHERE id = 1; UPDATE t SET v = 'b' WHERE id = 1",
    ],
)
async def test_a_row_without_a_key_goes_on_while_it_is_locked(
    pair: Pair, second: str, parts: int, index: str
) -> None:
    schema = f"CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'a'), (2, 'a'); {index}"
    async with synced(pair, schema, options=Options(batch_rows=parts)) as both:
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            await other.execute("SELECT FROM t WHERE id = 1 FOR UPDATE")
            await both.main.execute("UPDATE t SET v = 'b' WHERE id = 1")
            await both.engine.step(Side.MAIN)
            await both.main.execute(second)
            for _ in range(5):
                await both.engine.step(Side.MAIN)
        await due(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("later", [True, False])
@pytest.mark.parametrize("second", ["UPDATE t SET v = 'good'", "UPDATE t SET v = 'a'", "DELETE FROM t", None])
async def test_a_row_without_a_key_goes_on_after_it_was_refused(
    pair: Pair,
    second: str | None,
    later: bool,  # noqa: FBT001
) -> None:
    schema = "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'a')"
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v <> 'bad')")
        writes = ["INSERT INTO t VALUES (2, 'bad')", "UPDATE t SET v = 'bad' WHERE id = 1"]
        async with both.main.transaction():
            for sql in writes if later or second is None else [*writes, second]:
                await both.main.execute(sql)
        await both.settle()
        if later and second is not None:
            await both.main.execute(second)
        if second is None:
            await both.backup.execute("ALTER TABLE t DROP CONSTRAINT refuse")
        await due(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("why", ["locked", "refused"])
async def test_a_table_without_a_key_is_truncated_after_rows_were_put_off(pair: Pair, why: str) -> None:
    schema = "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'a'), (2, 'a')"
    async with synced(pair, schema) as both:
        if why == "refused":
            await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v <> 'b')")
        other = await pair.connect(Side.BACKUP)
        async with other.transaction():
            await other.execute("SELECT FROM t FOR UPDATE" if why == "locked" else "SELECT")
            await both.main.execute("UPDATE t SET v = 'b' WHERE id = 1")
            await both.engine.step(Side.MAIN)
            await both.main.execute("TRUNCATE t; INSERT INTO t VALUES (1, 'a')")
            await both.engine.step(Side.MAIN)
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT IF EXISTS refuse")
        await due(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize("bounds", ["RANGE (id)", "RANGE (part)", "LIST (part)", "HASH (part)"])
async def test_a_partition_without_a_key_is_truncated_after_rows_were_refused(
    pair: Pair, bounds: str
) -> None:
    first, rest = {
        "RANGE (id)": ("FROM (0) TO (10)", "FROM (10) TO (20)"),
        "RANGE (part)": ("FROM ('c') TO (MAXVALUE)", "FROM (MINVALUE) TO ('c')"),
        "LIST (part)": ("IN ('it''s')", "IN ('b', NULL)"),
        "HASH (part)": ("WITH (MODULUS 2, REMAINDER 0)", "WITH (MODULUS 2, REMAINDER 1)"),
    }[bounds]
    schema = f"""
        CREATE TABLE t (part varchar(4) COLLATE "C", id int, v text) PARTITION BY {bounds};
        CREATE TABLE one PARTITION OF t FOR VALUES {first};
        CREATE TABLE two PARTITION OF t FOR VALUES {rest};
        INSERT INTO t VALUES ('it''s', 1, 'a'), ('b', 11, 'a');
    """
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v <> 'b')")
        await both.main.execute(
            "UPDATE t SET v = 'b'; INSERT INTO t VALUES ('it''s', 2, 'b'), ('b', 12, 'b')"
        )
        await both.settle()
        await both.main.execute("TRUNCATE one; INSERT INTO t VALUES ('it''s', 1, 'a')")
        await both.settle()
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT refuse")
        await due(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()


async def test_rows_without_a_key_that_were_to_move_are_where_a_truncated_partition_left_them(
    pair: Pair,
) -> None:
    schema = """
        CREATE TABLE t (id int, v text) PARTITION BY RANGE (id);
        CREATE TABLE one PARTITION OF t FOR VALUES FROM (0) TO (10);
        CREATE TABLE two PARTITION OF t FOR VALUES FROM (10) TO (20);
        INSERT INTO t VALUES (1, 'a'), (11, 'a');
    """
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE t ADD CONSTRAINT refuse CHECK (v <> 'b')")
        await both.main.execute("UPDATE t SET id = CASE id WHEN 1 THEN 12 ELSE 2 END, v = 'b'")
        await both.settle()
        await both.main.execute("TRUNCATE one")
        await both.settle()
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT refuse")
        await due(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()
