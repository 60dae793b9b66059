"""Rows that the target refuses: what has nothing to do with them is applied, in whatever company they come."""

from __future__ import annotations

import pytest

from cdc import sieve
from cdc.model import Side
from cdc.stats import Options
from tests.databases import Pair
from tests.synced import Synced, synced

SEATS = """
CREATE TABLE seat (id int PRIMARY KEY, v text, place int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE other (id int PRIMARY KEY, v text, seat int UNIQUE);
INSERT INTO seat SELECT i, 'v', i FROM generate_series(1, 30) i;
INSERT INTO other SELECT i, 'v', i FROM generate_series(1, 30) i;
"""


async def due(both: Synced) -> None:
    """Let every entry be tried again now, and settle."""
    for side in Side:
        await both.connection(side).execute(
            "UPDATE cdc.sync_state SET next_try_at = clock_timestamp() WHERE next_try_at IS NOT NULL"
        )
    await both.settle()


async def refused(both: Synced) -> set[tuple[str, str]]:
    return {(each.entity, each.entity_id) for each in await both.open_conflicts()}


@pytest.mark.parametrize("batch_rows", [1000, 7])
@pytest.mark.parametrize("bad", [{("seat", "30")}, {("other", "1")}, {("seat", "30"), ("other", "9")}])
async def test_rows_change_places_beside_refused_ones(
    pair: Pair, bad: set[tuple[str, str]], batch_rows: int
) -> None:
    async with synced(pair, SEATS, options=Options(batch_rows=batch_rows)) as both:
        await both.backup.execute(
            "ALTER TABLE seat ADD CHECK (v <> 'bad'); ALTER TABLE other ADD CHECK (v <> 'bad')"
        )
        async with both.main.transaction():
            await both.main.execute("UPDATE seat SET place = place + 1")
            for entity, entity_id in bad:
                await both.main.execute(f"UPDATE {entity} SET v = 'bad' WHERE id = {entity_id}")
            await both.main.execute(
                "UPDATE other SET seat = 0 WHERE id = 2; UPDATE other SET seat = 2 WHERE id = 3"
            )
            await both.main.execute("UPDATE other SET seat = 3 WHERE id = 2")
        await both.settle()
        assert await refused(both) == bad
        ours, theirs = [
            {
                row["id"]: row["place"]
                for row in await both.connection(side).fetch("SELECT id, place FROM seat")
            }
            for side in Side
        ]
        kept = {int(entity_id) for entity, entity_id in bad if entity == "seat"}
        assert {key: at for key, at in ours.items() if key not in kept} == {
            key: at for key, at in theirs.items() if key not in kept
        }
        await both.backup.execute("ALTER TABLE seat DROP CONSTRAINT seat_v_check")
        await both.backup.execute("ALTER TABLE other DROP CONSTRAINT other_v_check")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("seat", "other")


async def test_a_circle_beside_a_refused_row(pair: Pair) -> None:
    schema = """
        CREATE TABLE team (id int PRIMARY KEY, leader int, v text);
        CREATE TABLE staff (id int PRIMARY KEY, team int NOT NULL REFERENCES team DEFERRABLE);
        ALTER TABLE team ADD FOREIGN KEY (leader) REFERENCES staff DEFERRABLE;
    """
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE team ADD CHECK (v <> 'bad')")
        async with both.main.transaction():
            await both.main.execute("SET CONSTRAINTS ALL DEFERRED")
            await both.main.execute("INSERT INTO team SELECT i, i, 'v' FROM generate_series(1, 5) i")
            await both.main.execute("INSERT INTO team VALUES (9, 1, 'bad')")
            await both.main.execute("INSERT INTO staff SELECT i, i FROM generate_series(1, 5) i")
            await both.main.execute("INSERT INTO staff VALUES (9, 9)")
        await both.settle()
        assert await refused(both) == {("team", "9"), ("staff", "9")}
        assert await both.backup.fetchval("SELECT count(*) FROM staff JOIN team ON leader = staff.id") == 5
        await both.backup.execute("ALTER TABLE team DROP CONSTRAINT team_v_check")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("team", "staff")


async def test_a_shift_behind_a_taken_place_waits_and_the_rest_does_not(pair: Pair) -> None:
    """A row of the target's own has a value: what would come to stand on it waits, with all that wait for that."""
    async with synced(pair, SEATS) as both:
        await both.backup.execute("INSERT INTO seat VALUES (99, 'mine', 31)")
        await both.main.execute(
            "UPDATE seat SET place = place + 1 WHERE id > 20; UPDATE seat SET place = -id WHERE id < 5"
        )
        await both.main.execute("UPDATE seat SET place = 11 - place WHERE id BETWEEN 5 AND 6")
        await both.engine.settle()
        assert {int(entity_id) for _, entity_id in await refused(both)} >= set(range(21, 31))
        assert await both.backup.fetchval("SELECT array_agg(place ORDER BY id) FROM seat WHERE id < 7") == [
            -1, -2, -3, -4, 6, 5,
        ]  # fmt: skip
        await both.backup.execute("UPDATE seat SET place = 500 WHERE id = 99")
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("seat")


@pytest.mark.granted("the table's own trigger would make it wait")
@pytest.mark.parametrize(
    "work",
    [
        "RAISE 'no' USING ERRCODE = 'SHOP1'",
        "CASE v WHEN 'good' THEN RETURN true; END CASE",
        "RETURN (SELECT true FROM generate_series(1, 2))",
        "RETURN public.fine(v)",
    ],
)
async def test_whatever_a_function_of_the_tables_own_raises_is_its_rows(pair: Pair, work: str) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY, v text)") as both:
        await both.backup.execute(
            "CREATE FUNCTION fine(v text) RETURNS boolean LANGUAGE plpgsql AS"
            f" $$ BEGIN IF v = 'bad' THEN {work}; END IF; RETURN true; END $$;"
            "ALTER TABLE t ADD CHECK (fine(v))"
        )
        await both.main.execute("INSERT INTO t VALUES (1, 'good'), (2, 'bad'), (3, 'good')")
        await both.settle()
        assert await both.rows(Side.BACKUP, "t") == ["(1,good)", "(3,good)"]
        assert await refused(both) == {("t", "2")}


@pytest.mark.parametrize("alone", [1, 8])
async def test_what_is_put_off_as_a_set_is_what_was_written(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, alone: int
) -> None:
    """In a storm not each row is looked at: chains, moved keys, deletes, equal rows without a key end right."""
    monkeypatch.setattr(sieve, "ALONE", alone)
    monkeypatch.setattr(sieve, "SIFTED", 0)
    schema = """
        CREATE TABLE t (id int PRIMARY KEY, v text, n int NOT NULL DEFAULT 0);
        CREATE TABLE bag (v text, n int);
        CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE t SET n = n + 1 WHERE id = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER again AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION again();
        ALTER TABLE t DISABLE TRIGGER again;
        INSERT INTO t SELECT i, 'old', i FROM generate_series(1, 60) i;
        INSERT INTO bag SELECT 'x', i % 3 FROM generate_series(1, 9) i;
    """
    async with synced(pair, schema) as both:
        await both.main.execute("ALTER TABLE t ENABLE TRIGGER again")
        await both.backup.execute(
            "ALTER TABLE t ADD CHECK (v <> 'bad'); ALTER TABLE bag ADD CHECK (v <> 'bad')"
        )
        async with both.main.transaction():
            await both.main.execute("INSERT INTO t SELECT i, 'bad', 0 FROM generate_series(101, 140) i")
            await both.main.execute("UPDATE t SET v = 'bad', n = n + 1 WHERE id BETWEEN 1 AND 20")
            await both.main.execute("UPDATE t SET id = id + 200 WHERE id BETWEEN 11 AND 30")
            await both.main.execute(
                "UPDATE t SET n = n * 2 WHERE id < 120; DELETE FROM t WHERE id BETWEEN 40 AND 45"
            )
            await both.main.execute("INSERT INTO t SELECT i, 'good', 0 FROM generate_series(301, 340) i")
            await both.main.execute("INSERT INTO bag SELECT 'bad', 7 FROM generate_series(1, 5)")
        await both.settle()
        await both.main.execute("UPDATE t SET n = n + 5 WHERE id IN (3, 33, 103, 213, 223)")
        await both.settle()
        shown = await refused(both)
        assert {(entity, key) for entity, key in shown if entity == "t"} == {
            ("t", str(key)) for key in (*range(1, 11), *range(101, 141), *range(211, 221))
        }
        await both.backup.execute("ALTER TABLE t DROP CONSTRAINT t_v_check")
        await both.backup.execute("ALTER TABLE bag DROP CONSTRAINT bag_v_check")
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t", "bag")


async def test_long_rows_without_a_key_have_an_entry_each(pair: Pair) -> None:
    """Their texts are what they are called, and longer than an index may hold."""
    long = "SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 200) i"
    schema = f"CREATE TABLE bag (v text); INSERT INTO bag {long}, (VALUES (1)) x (j)"
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE bag ADD CHECK (v = 'good') NOT VALID")
        await both.main.execute(
            f"INSERT INTO bag {long}, generate_series(2, 4) j GROUP BY j; UPDATE bag SET v = v || 'x'"
        )
        await both.settle()
        wanted = {row.strip("()") for row in await both.rows(Side.MAIN, "bag")}
        assert len(wanted) == 4
        assert wanted <= {(one.incoming or {}).get("v") for one in await both.open_conflicts()}
        await both.backup.execute("ALTER TABLE bag DROP CONSTRAINT bag_v_check")
        await due(both)
        await both.assert_no_conflicts()
        await both.assert_equal("bag")


@pytest.mark.parametrize("late", ["", "DEFERRABLE INITIALLY DEFERRED"])
@pytest.mark.parametrize("batch_rows", [1, 1000])
async def test_the_same_row_without_a_key_on_both_sides(pair: Pair, late: str, batch_rows: int) -> None:
    """A unique index lets it be there once; one on columns that may be NULL names no row."""
    schema = f"""
        CREATE TABLE tag (name text, place int, note text, UNIQUE (name, place) {late});
        INSERT INTO tag VALUES ('old', 1, 'x'), (NULL, 1, 'x');
    """
    async with synced(pair, schema, options=Options(batch_rows=batch_rows)) as both:
        for side in Side:
            await both.connection(side).execute(
                "INSERT INTO tag VALUES ('new', 1, 'x'), ('apart', 1, $1)", side
            )
            await both.connection(side).execute("UPDATE tag SET name = 'renamed' WHERE name = 'old'")
            await both.connection(side).execute("INSERT INTO tag VALUES (NULL, 1, 'x')")
        await both.settle()
        await due(both)
        assert {each.type for each in await both.open_conflicts()} == {"UNIQUE_VIOLATION"}
        assert len(await both.open_conflicts()) == len(Side)
        count = "SELECT count(*) FROM tag WHERE name IN ('new', 'renamed') AND note = 'x'"
        assert [await both.connection(side).fetchval(count) for side in Side] == [2, 2]
        assert await both.main.fetchval("SELECT count(*) FROM tag WHERE name IS NULL") == 3
        await both.main.execute("DELETE FROM tag WHERE name <> 'apart'")
        await both.settle()
        assert [await both.connection(side).fetchval(count) for side in Side] == [0, 0]


PUBLISHED = """
CREATE TABLE t ({columns}, v text);
CREATE TABLE other (id int PRIMARY KEY, v text);
INSERT INTO t (n, v) VALUES (1, 'a'), (2, 'b'), (3, 'c');
INSERT INTO other VALUES (1, 'a');
"""


@pytest.mark.superuser("only an administrator publishes all tables")
@pytest.mark.parametrize(
    ("columns", "since"),
    [("n int", 13), ("n int, id int GENERATED ALWAYS AS (n) STORED PRIMARY KEY", 18)],
)
async def test_a_table_that_one_side_publishes_without_naming_its_rows(
    pair: Pair, columns: str, since: int
) -> None:
    if pair.main.get_server_version().major < since:
        pytest.skip(f"refused from PostgreSQL {since} on")
    async with synced(pair, PUBLISHED.format(columns=columns)) as both:
        await both.backup.execute("CREATE PUBLICATION everything FOR ALL TABLES")
        await both.main.execute(
            "UPDATE t SET v = 'z' WHERE n = 1; DELETE FROM t WHERE n = 2; INSERT INTO t (n, v) VALUES (4, 'd');"
            "UPDATE other SET v = 'z'"
        )
        await both.settle()
        await both.assert_equal("other")
        found = await both.open_conflicts()
        assert {(each.side, each.entity, each.type) for each in found} == {(Side.BACKUP, "t", "REJECTED")}
        assert all("t" in (each.error or "") and "eplica identity" in (each.error or "") for each in found)
        await both.backup.execute("DROP PUBLICATION everything")
        await due(both)
        await both.assert_equal("t")
        await both.assert_no_conflicts()
