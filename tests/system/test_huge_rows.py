"""Rows of which only the key was recorded, because their text would pass PostgreSQL's limit: fetched when applied.

Capture records by size; what follows does not depend on it. So most rows here are small, and recorded by hand.
"""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator
from random import Random

import pytest
from asyncpg import Record

from cdc import retry
from cdc.applier import Applier
from cdc.by_key import later
from cdc.decision import Decision
from cdc.errors import ResolutionRefused
from cdc.fetch import fetch_due
from cdc.model import Policy, Resolution, Side
from cdc.resolve import Resolver
from cdc.stats import Options
from cdc.undone import LOCKED
from cdc.verify import verify_sides
from tests.cdc.test_unfinished import cut
from tests.databases import Pair, Servers
from tests.hosts import Connection
from tests.roles import Role, pair_of
from tests.synced import Synced, endpoints, synced
from tests.triggers.changes import limit_images
from triggers.install import install

TABLE = "CREATE TABLE t (id int PRIMARY KEY, v text, b bytea); INSERT INTO t VALUES (1, 'old', 'x'), (2, 'old', 'x')"
CHILD = "; CREATE TABLE c (t int PRIMARY KEY REFERENCES t ON DELETE CASCADE); INSERT INTO c VALUES (1)"
RECORD = """
INSERT INTO cdc.changelog (table_id, op, columns, new)
SELECT c.id, 'K', c.key_columns, ROW({key})::text FROM cdc.captured_table c WHERE c.table_name = '{table}'
"""


@pytest.fixture(params=[Role.SUPERUSER, Role.OWNER])
async def either(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[Pair]:
    """Fresh databases, the engine's role a superuser or one that only owns the databases and the tables."""
    async with pair_of(servers, request.param) as fresh:
        yield fresh


async def by_key(connection: Connection, sql: str, *keys: str, table: str = "t") -> None:
    """Write as an application, with only the keys recorded, each given as SQL."""
    async with connection.transaction():
        await connection.execute("SET LOCAL cdc.applying = 'on'")
        await connection.execute(sql)
        for key in keys:
            await connection.execute(RECORD.format(key=key, table=table))
        await connection.execute("SET LOCAL cdc.applying = 'off'")


async def settled(both: Synced, *tables: str) -> None:
    """All is applied, equal, nobody was asked, and nothing waits."""
    await both.settle()
    await both.assert_equal(*tables)
    await both.assert_no_conflicts()
    for side in Side:
        assert await both.connection(side).fetchval("SELECT count(*) FROM cdc.recheck") == 0


@pytest.mark.parametrize("side", list(Side))
async def test_written_on_one_side(pair: Pair, side: Side) -> None:
    async with synced(pair, TABLE) as both:
        writer = both.connection(side)
        await by_key(writer, "INSERT INTO t VALUES (3, 'new', 'y')", "3")
        await by_key(writer, "UPDATE t SET v = 'changed' WHERE id = 1", "1")
        await by_key(writer, "DELETE FROM t WHERE id = 2", "2")
        await settled(both, "t")
        rows = await both.rows(side.other, "t")
        assert len(rows) == 2
        assert "changed" in rows[0]


async def test_a_key_that_changed(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, "UPDATE t SET id = 7 WHERE id = 1", "1", "7")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT array_agg(id ORDER BY id) FROM t") == [2, 7]


@pytest.mark.parametrize("rows", [1, 2, 100])
async def test_among_ordinary_changes_of_the_same_row(pair: Pair, rows: int) -> None:
    """Small, too large, and small again, in batches of any cut."""
    async with synced(pair, TABLE, options=Options(batch_rows=rows)) as both:
        await both.main.execute("UPDATE t SET v = 'small' WHERE id = 1")
        await by_key(both.main, "UPDATE t SET v = 'large' WHERE id = 1", "1")
        await both.main.execute("UPDATE t SET b = 'other' WHERE id = 2")
        await by_key(both.main, "UPDATE t SET v = 'larger' WHERE id = 1", "1")
        await by_key(both.main, "UPDATE t SET v = 'small again' WHERE id = 1", "1")
        await both.main.execute("UPDATE t SET v = 'smaller' WHERE id = 1")
        await both.main.execute("UPDATE t SET v = 'smallest' WHERE id = 1")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "smallest"
        assert await both.applied(Side.MAIN) == await both.captured(Side.MAIN)


async def test_the_source_goes_on_while_the_row_is_fetched(pair: Pair) -> None:
    """The row that is fetched is of a later state than the change; what led there is met afterwards."""
    async with synced(pair, TABLE, options=Options(batch_rows=1)) as both:
        await by_key(both.main, "UPDATE t SET v = 'a' WHERE id = 1", "1")
        await both.engine.step(Side.MAIN)
        for value in "bcd":
            await both.main.execute("UPDATE t SET v = $1 WHERE id = 1", value)
        await both.engine.links[Side.MAIN].retry()
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") in {"old", "d"}
        for _ in range(3):
            await both.engine.step(Side.MAIN)
            assert await both.entries(Side.BACKUP, "OPEN") == []
        await both.main.execute("UPDATE t SET v = 'e' WHERE id = 1")
        await settled(both, "t")


# -- both sides ------------------------------------------------------------------------------------------


async def test_what_the_source_has_not_met_is_not_overwritten(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, "UPDATE t SET v = 'main' WHERE id = 1", "1")
        await both.backup.execute("UPDATE t SET v = 'backup' WHERE id = 1")
        await both.engine.step(Side.MAIN)
        await both.engine.links[Side.MAIN].retry()
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "backup"
        await both.settle()
        (conflict,) = await both.open_conflicts()
        assert (conflict.side, conflict.type) == (Side.MAIN, "UPDATE_ORIGIN_DIFFERS")
        assert await both.main.fetchval("SELECT v FROM t WHERE id = 1") == "main"
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "backup"


@pytest.mark.parametrize("first", list(Side))
@pytest.mark.parametrize("gone", [False, True])
async def test_both_sides_wrote_it(pair: Pair, first: Side, *, gone: bool) -> None:
    async with synced(pair, TABLE) as both:
        sql = "DELETE FROM t WHERE id = 1" if gone else "UPDATE t SET v = 'main' WHERE id = 1"
        await by_key(both.main, sql, "1")
        await by_key(both.backup, "UPDATE t SET v = 'backup' WHERE id = 1", "1")
        for side in (first, first.other):
            await both.engine.step(side)
        for side in (first, first.other):
            await both.engine.links[side].retry()
        await both.settle()
        assert await both.open_conflicts()
        assert await both.main.fetchval("SELECT v FROM t WHERE id = 1") == (None if gone else "main")
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "backup"


async def test_both_sides_wrote_the_same(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        for side in Side:
            await by_key(both.connection(side), "UPDATE t SET v = 'same' WHERE id = 1", "1")
        for side in Side:
            await both.engine.step(side)
        await settled(both, "t")


async def test_one_after_the_other(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        for number in range(6):
            side = list(Side)[number % 2]
            await by_key(both.connection(side), f"UPDATE t SET v = '{number}' WHERE id = 1", "1")
            await settled(both, "t")
        await both.backup.execute("UPDATE t SET v = 'small' WHERE id = 1")
        await settled(both, "t")


async def test_a_key_in_conflict(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        for side in Side:
            await both.connection(side).execute(f"UPDATE t SET v = '{side}' WHERE id = 1")
        await both.settle()
        before = await both.open_conflicts(Side.BACKUP)
        assert len(before) == 1
        await by_key(both.main, "UPDATE t SET v = 'large' WHERE id = 1", "1")
        await both.settle()
        (after,) = await both.open_conflicts(Side.BACKUP)
        assert after.incoming is not None
        assert after.incoming["v"] == "large"
        await by_key(both.main, "UPDATE t SET v = 'BACKUP' WHERE id = 1", "1")
        await settled(both, "t")


async def test_beside_a_truncate(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, "UPDATE t SET v = 'large' WHERE id = 1", "1")
        await both.main.execute("TRUNCATE t")
        await by_key(both.main, "INSERT INTO t VALUES (2, 'large')", "2")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT array_agg(id) FROM t") == [2]


async def test_a_truncate_leaves_what_the_source_had_not_met(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.backup, "INSERT INTO t VALUES (3, 'large')", "3")
        await both.main.execute("TRUNCATE t")
        await settled(both, "t")
        assert await both.main.fetchval("SELECT array_agg(id) FROM t") == [3]


# -- what rows hang on -----------------------------------------------------------------------------------

FAMILY = """
CREATE TABLE parent (id int PRIMARY KEY, v text);
CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE, v text, u int UNIQUE);
INSERT INTO parent VALUES (1, 'old'), (2, 'old'); INSERT INTO child VALUES (1, 1, 'old', 1), (2, 2, 'old', 2);
"""


async def test_parents_and_children(either: Pair) -> None:
    async with synced(either, FAMILY) as both:
        await by_key(both.main, "INSERT INTO parent VALUES (3, 'new')", "3", table="parent")
        await both.main.execute("INSERT INTO child VALUES (3, 3, 'new', 3)")
        await both.main.execute("INSERT INTO parent VALUES (4, 'new')")
        await by_key(both.main, "INSERT INTO child VALUES (4, 4, 'new', 4)", "4", table="child")
        await settled(both, "parent", "child")
        await by_key(both.main, "DELETE FROM child WHERE id = 3", "3", table="child")
        await by_key(both.main, "DELETE FROM parent WHERE id = 3", "3", table="parent")
        await settled(both, "parent", "child")


async def test_a_row_that_cannot_be_written_yet(either: Pair) -> None:
    async with synced(either, FAMILY) as both:
        await both.backup.execute("INSERT INTO child VALUES (9, NULL, 'here', 9)")
        await by_key(both.main, "INSERT INTO child VALUES (5, 1, 'new', 9)", "5", table="child")
        while (await both.engine.step(Side.MAIN)).changes:
            pass
        await both.engine.links[Side.MAIN].retry()
        (conflict,) = await both.open_conflicts(Side.BACKUP)
        assert (conflict.entity_id, conflict.type) == ("5", "UNIQUE_VIOLATION")
        await both.backup.execute("DELETE FROM child WHERE id = 9")
        await both.backup.execute("UPDATE cdc.sync_state SET next_try_at = now()")
        await settled(both, "parent", "child")
        assert await both.backup.fetchval("SELECT u FROM child WHERE id = 5") == 9


@pytest.mark.parametrize(
    ("name", "said"),
    [("internal_error", "invalid memory alloc request size 1200000068"), ("out_of_memory", "out of memory")],
)
async def test_a_row_that_the_target_has_no_memory_for_stops_no_other(
    pair: Pair, name: str, said: str
) -> None:
    """PostgreSQL says so by errors that are otherwise the link's."""
    async with synced(pair, TABLE) as both:
        await both.backup.execute(
            "CREATE FUNCTION fits(v text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN IF v = 'large' THEN"
            f" RAISE {name} USING MESSAGE = '{said}'; END IF;"
            " RETURN true; END $$; ALTER TABLE t ADD CHECK (fits(v))"
        )
        await by_key(both.main, "UPDATE t SET v = 'large' WHERE id = 1", "1")
        await both.main.execute("UPDATE t SET v = 'small' WHERE id = 2")
        await both.settle()
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 2") == "small"
        (conflict,) = await both.open_conflicts(Side.BACKUP)
        assert (conflict.entity_id, conflict.type) == ("1", "REJECTED")
        assert said in (conflict.error or "")
        assert await both.backup.fetchval("SELECT next_try_at > clock_timestamp() FROM cdc.sync_state")


async def test_a_row_that_somebody_sits_on_is_waited_for(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        other = await pair.connect(Side.BACKUP)
        await by_key(both.main, "UPDATE t SET v = 'large' WHERE id = 1", "1")
        async with other.transaction():
            await other.execute("SELECT FROM t WHERE id = 1 FOR UPDATE")
            await both.main.execute("UPDATE t SET v = 'small' WHERE id = 2")
            await both.engine.step(Side.MAIN)
            await both.engine.links[Side.MAIN].retry()
            assert await both.backup.fetchval("SELECT v FROM t WHERE id = 2") == "small"
            assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "old"
        await both.backup.execute("UPDATE cdc.sync_state SET next_try_at = now()")
        await settled(both, "t")


async def test_keys_of_every_form(pair: Pair) -> None:
    schema = """CREATE TABLE t (b numeric, a text, v text, PRIMARY KEY (a, b));
    INSERT INTO t VALUES (1.0, 'x,%"\\', 'old')"""
    async with synced(pair, schema) as both:
        # The key's columns in the key's order, which is not the table's.
        key = "'x,%\"\\', 1.00" if await key_columns(both) == ["a", "b"] else "1.00, 'x,%\"\\'"
        await by_key(both.main, "UPDATE t SET v = 'large'", key)
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT v FROM t") == "large"


async def key_columns(both: Synced) -> list[str]:
    found: list[str] = await both.main.fetchval("SELECT key_columns FROM cdc.captured_table")
    return found


async def test_a_key_that_is_no_value_of_the_targets_type(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id bigint PRIMARY KEY, v text)") as both:
        await both.backup.execute("ALTER TABLE t ALTER id TYPE int")
        await by_key(both.main, "INSERT INTO t VALUES (99999999999, 'large')", "99999999999")
        await both.main.execute("INSERT INTO t VALUES (1, 'small')")
        for _ in range(3):
            await both.engine.step(Side.MAIN)
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "small"
        await both.engine.links[Side.MAIN].retry()
        assert await both.backup.fetchval("SELECT array_agg(id) FROM t") == [1]
        assert [entry.entity_id for entry in await both.open_conflicts()] == ["99999999999"]


async def due_now(both: Synced) -> tuple[Applier, list[Record]]:
    """What a go reads to be fetched, before anything else happens."""
    for _ in range(3):
        await both.engine.step(Side.MAIN)
    applier = both.engine.links[Side.MAIN]._crossing.applier
    due = await retry._due(applier)
    return applier, [row for row in due if row["by_key"]]


@pytest.mark.parametrize("key", ["99999999999", "1"])
async def test_what_was_decided_while_its_row_was_fetched_stays_decided(pair: Pair, key: str) -> None:
    """The one key is no value of the target's type; the other row was written there too."""
    schema = "CREATE TABLE t (id bigint PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'old')"
    async with synced(pair, schema) as both:
        await both.backup.execute("ALTER TABLE t ALTER id TYPE int")
        await by_key(both.main, "UPDATE t SET v = 'large' WHERE id = 1", key)
        applier, due = await due_now(both)
        await both.backup.execute("UPDATE t SET v = 'here'")
        assert [row["entity_id"] for row in due] == [key]
        await both.backup.execute(
            "UPDATE cdc.sync_state SET status = 'RESOLVED', version = version + 1, next_try_at = NULL"
        )
        await fetch_due(applier, due)
        entry = await both.backup.fetchrow("SELECT status, next_try_at, tries FROM cdc.sync_state")
        assert tuple(entry) == ("RESOLVED", None, 0)


async def test_a_lock_is_asked_about_soon_however_long_the_row_took(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, "UPDATE t SET v = 'large' WHERE id = 1", "1")
        applier, (row,) = await due_now(both)
        pause = "SELECT extract(epoch FROM next_try_at - updated_at) FROM cdc.sync_state"
        await later(applier.target, row, LOCKED, 100.0)
        assert 99 < await both.backup.fetchval(pause) < 101
        await later(applier.target, row, "another reason", 100.0)
        assert 1999 < await both.backup.fetchval(pause) < 2001


# -- many, and large ones --------------------------------------------------------------------------------


async def test_in_a_large_window(pair: Pair) -> None:
    async with synced(pair, TABLE, options=Options(batch_rows=50)) as both:
        async with both.main.transaction():
            await both.main.execute("INSERT INTO t SELECT i, 'new' FROM generate_series(3, 400) i")
            await by_key(both.main, "UPDATE t SET v = 'large' WHERE id BETWEEN 10 AND 12", "10", "11", "12")
            await both.main.execute("UPDATE t SET v = 'later' WHERE id < 12")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT count(*) FROM t WHERE v = 'later'") == 11


VALUES = """
CREATE TABLE t (id int PRIMARY KEY, w varchar, "n" text NOT NULL, b bytea NOT NULL, kept xml,
                twice int GENERATED ALWAYS AS (id * 2) STORED)
"""
WRITE = """
INSERT INTO t (id, w, n, b) SELECT 1, repeat('wé', 400000), repeat('ñ€𝄞', 130000),
    (SELECT string_agg(decode(md5(i::text), 'hex'), '') FROM generate_series(1, 70000) i)
"""


async def test_large_values_come_in_pieces(owner_pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fewest rights; how a row is fetched does not depend on the role."""
    monkeypatch.setattr("cdc.bring.PIECE", 300_000)
    async with synced(owner_pair, VALUES) as both:
        await by_key(both.main, WRITE, "1")
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT octet_length(b) FROM t") == 1_120_000
        await by_key(both.backup, "UPDATE t SET b = b || 'more', w = 'short'", "1")
        await settled(both, "t")
        assert await both.main.fetchval("SELECT octet_length(b) FROM t") == 1_120_004


@pytest.mark.timeout(900)
async def test_a_value_of_540_mb_as_applications_write_it(pair: Pair) -> None:
    """Captured by the triggers, brought without the service's memory growing with it."""
    schema = TABLE + "; ALTER TABLE t ALTER b SET STORAGE EXTERNAL"
    async with synced(pair, schema) as both:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await both.main.execute("UPDATE t SET b = convert_to(repeat('x', 540000000), 'UTF8') WHERE id = 1")
        assert await both.main.fetchval("SELECT array_agg(op) FROM cdc.changelog") == [b"K"]
        await both.engine.step(Side.MAIN)
        await both.engine.links[Side.MAIN].retry()
        assert await both.backup.fetchval("SELECT octet_length(b) FROM t WHERE id = 1") == 540_000_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB
        await both.backup.execute("DELETE FROM t WHERE id = 1")
        await settled(both, "t")
        assert await both.main.fetchval("SELECT array_agg(id) FROM t") == [2]


async def test_a_new_table_that_has_them_already(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        for side in Side:
            await limit_images(both.connection(side), 100)
            await both.connection(side).execute("UPDATE cdc.node SET first_contact = 'done'")
            await both.connection(side).execute("CREATE TABLE n (id int PRIMARY KEY, v text)")
        await both.main.execute("INSERT INTO n VALUES (1, 'small'), (2, repeat('x', 200)), (3, 'small')")
        for side in Side:
            await install(both.connection(side), side=side, schemas=["public"])
        assert await both.main.fetchval("SELECT array_agg(op ORDER BY seq) FROM cdc.changelog") == [
            b"I",
            b"K",
            b"I",
        ]
        await settled(both, "n")


# -- rows that cannot be printed -------------------------------------------------------------------------


@pytest.fixture
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of some kB are what rows of half a GB are otherwise."""
    monkeypatch.setattr("cdc.fields.LARGE_VALUE", 1_000)
    monkeypatch.setattr("cdc.fields.LARGE_ROW", 3_000)
    monkeypatch.setattr("cdc.fields.NO_TEXT", 6_000)


def large(word: str) -> str:
    return f"UPDATE t SET v = '{word}', b = convert_to(repeat('{word}', 1000), 'UTF8') WHERE id = 1"


async def decide(both: Synced, resolution: Resolution) -> None:
    async with Resolver(*endpoints(both.pair)) as resolver:
        await resolver.resolve(Decision("t", "1", resolution, "ann"))


@pytest.mark.usefixtures("low_limits")
@pytest.mark.parametrize("winner", list(Side))
async def test_a_conflict_is_decided(pair: Pair, winner: Side) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, large("main"), "1")
        await by_key(both.backup, large("backup"), "1")
        for side in Side:
            await both.engine.step(side)
        await both.settle()
        conflict = (await both.open_conflicts())[0]
        assert conflict.current is not None
        assert (conflict.current["b"] or "").startswith("<")
        assert conflict.current["v"] == str(conflict.side).lower()
        with pytest.raises(ResolutionRefused, match="too large"):
            await decide(both, Resolution.MERGE)
        await decide(both, Resolution(winner.value))
        await settled(both, "t")
        assert await both.main.fetchval("SELECT v FROM t WHERE id = 1") == str(winner).lower()
        assert (await both.entries(winner.other, "RESOLVED"))[-1].current is not None
        await both.connection(winner).execute("UPDATE t SET b = 'small' WHERE id = 1")
        await settled(both, "t")


@pytest.mark.usefixtures("low_limits")
async def test_the_loser_goes_on_after_the_decision(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, large("main"), "1")
        await by_key(both.backup, large("backup"), "1")
        for side in Side:
            await both.engine.step(side)
        await both.settle()
        await decide(both, Resolution.MAIN)
        await by_key(both.backup, large("later"), "1")
        await both.settle()
        assert await both.open_conflicts()
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "later"
        assert await both.main.fetchval("SELECT v FROM t WHERE id = 1") == "main"


@pytest.mark.usefixtures("low_limits")
async def test_a_policy_overwrites_no_version_that_could_not_be_kept(pair: Pair) -> None:
    async with synced(pair, TABLE, policy=lambda _: Policy.MAIN_WINS) as both:
        await by_key(both.main, "UPDATE t SET v = 'main' WHERE id = 1", "1")
        await by_key(both.backup, large("backup"), "1")
        for side in Side:
            await both.engine.step(side)
        await both.settle()
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "backup"
        reasons = [conflict.reason or "" for conflict in await both.open_conflicts()]
        assert any("could not be kept" in reason for reason in reasons)
        await decide(both, Resolution.BACKUP)
        await settled(both, "t")


@pytest.mark.usefixtures("low_limits")
async def test_an_event_trigger_finds_what_it_names_while_a_row_is_brought(owner_pair: Pair) -> None:
    async with synced(owner_pair, f"{TABLE}; CREATE TABLE log (tag text)") as both:
        await owner_pair.administer(
            Side.BACKUP,
            "CREATE FUNCTION public.seen() RETURNS event_trigger LANGUAGE plpgsql AS"
            " 'BEGIN INSERT INTO log SELECT command_tag FROM pg_event_trigger_ddl_commands(); END';"
            " CREATE EVENT TRIGGER own ON ddl_command_end EXECUTE FUNCTION public.seen()",
        )
        await by_key(both.main, large("main"), "1")
        await settled(both, "t")
        assert '("CREATE TABLE")' in await both.rows(Side.BACKUP, "log")


@pytest.mark.usefixtures("low_limits")
@pytest.mark.parametrize("gone", [False, True])
async def test_one_way_nothing_fetches_the_row_for_main(pair: Pair, *, gone: bool) -> None:
    """Deciding BACKUP is refused and leaves no trace; the ways out that the refusal names are ways out."""
    async with synced(pair, TABLE, two_way=False) as both:
        await both.backup.execute(large("backup"))
        await both.main.execute(
            "DELETE FROM t WHERE id = 1" if gone else "UPDATE t SET v = 'main' WHERE id = 1"
        )
        await both.settle()
        assert [conflict.entity_id for conflict in await both.open_conflicts(Side.BACKUP)] == ["1"]
        before = await everything(both)
        with pytest.raises(ResolutionRefused, match=r"^t 1: .* nothing fetches BACKUP's for MAIN") as refused:
            await decide(both, Resolution.BACKUP)
        assert "write it on MAIN as it is on BACKUP" in (refused.value.hint or "")
        assert await everything(both) == before
        await both.settle()
        assert await everything(both) == before
        await by_key(both.main, "DELETE FROM t WHERE id = 1")
        await by_key(both.main, "INSERT INTO t VALUES (1)")
        await by_key(both.main, large("backup"), "1")
        await settled(both, "t")


@pytest.mark.usefixtures("low_limits")
async def test_one_way_main_can_be_decided(pair: Pair) -> None:
    async with synced(pair, TABLE, two_way=False) as both:
        await both.backup.execute(large("backup"))
        await both.main.execute("UPDATE t SET v = 'main' WHERE id = 1")
        await both.settle()
        await decide(both, Resolution.MAIN)
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "main"


@pytest.mark.parametrize("by", ["NULL", "pg_snapshot '1:1:'"])
async def test_one_way_what_was_put_off_on_main_before_waits_for_nothing(pair: Pair, by: str) -> None:
    async with synced(pair, TABLE, two_way=False) as both:
        await both.main.execute(
            "INSERT INTO cdc.sync_state (source, entity, entity_id, type, status, subsumed)"
            f" VALUES ('BACKUP', 't', '1', 'REJECTED', 'DEFERRED', {by})"
        )
        await by_key(both.main, "UPDATE t SET v = 'main' WHERE id = 1", "1")
        await both.settle()
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "main"
        assert await both.open_conflicts(Side.BACKUP) == []


async def everything(both: Synced) -> list[str]:
    """All that schema cdc and the table hold on either side of the records."""
    found = []
    for side in Side:
        for table in ("cdc.sync_state", "cdc.recheck", "cdc.changelog", "t"):
            rows = await both.connection(side).fetch(f"SELECT x::text AS row FROM {table} x ORDER BY 1")
            found += [f"{side} {table} {row['row']}" for row in rows]
    return found


@pytest.mark.usefixtures("low_limits")
async def test_an_ordinary_change_meets_a_large_row(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, large("main"), "1")
        await both.backup.execute("UPDATE t SET v = 'backup' WHERE id = 1")
        await both.backup.execute("UPDATE t SET v = 'later' WHERE id = 1")
        await both.engine.step(Side.BACKUP)
        (conflict,) = await both.open_conflicts()
        assert (conflict.side, conflict.type, conflict.error) == (Side.MAIN, "UPDATE_ORIGIN_DIFFERS", None)
        await both.settle()
        await decide(both, Resolution.MAIN)
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "main"


@pytest.mark.usefixtures("low_limits")
async def test_verify_tells_equal_from_different(pair: Pair) -> None:
    async with synced(pair, TABLE) as both:
        await by_key(both.main, large("main"), "1")
        await both.settle()
        report = await verify_sides(*endpoints(pair), progress=lambda *_: None)
        assert (report.tables[0].error, report.tables[0].differing) == ("", 0)
        await by_key(both.backup, "UPDATE t SET b = b || 'x' WHERE id = 1")
        report = await verify_sides(*endpoints(pair), repair=Side.BACKUP, progress=lambda *_: None)
        assert report.tables[0].differing == 1
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT octet_length(b) FROM t WHERE id = 1") == 4_000


@pytest.mark.usefixtures("low_limits")
@pytest.mark.parametrize("winner", list(Side))
async def test_a_decision_that_was_cut_can_be_made_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, winner: Side
) -> None:
    """Nothing of a row that has not been fetched is given to anybody."""
    async with synced(pair, TABLE) as both:
        await by_key(both.main, large("main"), "1")
        await by_key(both.backup, large("backup"), "1")
        for side in Side:
            await both.engine.step(side)
        await both.settle()
        decision = Decision("t", "1", Resolution(winner.value), "ann")
        await cut(both, pair, decision, Side.BACKUP, monkeypatch)
        await both.reopen()
        await both.settle()
        assert await both.open_conflicts()
        for side in Side:
            assert await both.connection(side).fetchval("SELECT octet_length(b) > 1000 FROM t WHERE id = 1")
        await decide(both, Resolution(winner.value))
        await settled(both, "t")
        assert await both.main.fetchval("SELECT v FROM t WHERE id = 1") == str(winner).lower()


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("sides", [1, 2])
async def test_histories(pair: Pair, seed: int, sides: int) -> None:
    """Changes recorded whole and by key, on one side or both, batches cut anywhere, rows fetched whenever."""
    random = Random(seed)
    async with synced(pair, TABLE, options=Options(batch_rows=random.choice([1, 2, 50]))) as both:
        for number in range(30):
            side = random.choice(list(Side)[:sides])
            key = random.choice([1, 2])
            sql = random.choice(
                [
                    f"UPDATE t SET v = '{side} {number}' WHERE id = {key}",
                    f"DELETE FROM t WHERE id = {key}",
                    f"INSERT INTO t VALUES ({key}, '{side} {number}') ON CONFLICT DO NOTHING",
                ]
            )
            if random.random() < 0.5:
                await by_key(both.connection(side), sql, str(key))
            else:
                await both.connection(side).execute(sql)
            for _ in range(random.randrange(3)):
                link = both.engine.links[random.choice(list(Side))]
                await random.choice([link.step, link.retry, both.engine.referee.step])()
            if sides == 1:
                assert await both.entries(Side.BACKUP, "OPEN") == []
        await both.settle()
        open_ids = {conflict.entity_id for conflict in await both.open_conflicts()}
        assert sides == 2 or not open_ids
        for key in (1, 2):
            rows = [await both.connection(side).fetch("SELECT v FROM t WHERE id = $1", key) for side in Side]
            assert rows[0] == rows[1] or str(key) in open_ids


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("whole", [False, True])
async def test_neither_side_overwrites_what_the_other_wrote(pair: Pair, seed: int, *, whole: bool) -> None:
    """Both wrote before anything was applied; whatever is done in whatever order, both rows stay."""
    random = Random(seed)
    async with synced(pair, TABLE) as both:
        removes = random.choice([None, Side.MAIN, Side.BACKUP])
        for side in random.sample(list(Side), 2):
            sql = "DELETE FROM t WHERE id = 1"
            if side is not removes:
                sql = f"UPDATE t SET v = '{side}' WHERE id = 1"
            if whole and side is Side.BACKUP:
                await both.backup.execute(sql)
            else:
                await by_key(both.connection(side), sql, "1")
        for _ in range(random.randrange(12)):
            link = both.engine.links[random.choice(list(Side))]
            await random.choice([link.step, link.retry, both.engine.referee.step])()
        await both.settle()
        for side in Side:
            found = await both.connection(side).fetchval("SELECT v FROM t WHERE id = 1")
            assert found == (None if side is removes else str(side))
        assert {conflict.entity_id for conflict in await both.open_conflicts()} == {"1"}


@pytest.mark.parametrize("first", list(Side))
async def test_a_key_that_was_renamed_a_moment_ago(pair: Pair, first: Side) -> None:
    """Recorded by the key that the table has, though nothing has been installed since."""
    async with synced(pair, TABLE) as both:
        for side in Side:
            await limit_images(both.connection(side), 100)
        for side in (first, first.other):
            await both.connection(side).execute("ALTER TABLE t RENAME id TO nr")
            await both.connection(side).execute(
                "UPDATE t SET v = repeat('x', 200) WHERE nr = $1", 1 if side is first else 2
            )
        assert await both.main.fetchval("SELECT columns FROM cdc.changelog") == ["nr"]
        for side in Side:
            await install(both.connection(side), side=side, schemas=["public"])
        await settled(both, "t")
        assert await both.backup.fetchval("SELECT array_agg(length(v)) FROM t") == [200, 200]


@pytest.mark.parametrize("rows", [1, 50])
async def test_two_images_that_are_too_large_together(pair: Pair, rows: int) -> None:
    """The row is not deleted on the target in between: what hangs on it stays."""
    async with synced(pair, TABLE + CHILD, options=Options(batch_rows=rows)) as both:
        await limit_images(both.main, 100)
        await both.main.execute("UPDATE t SET v = repeat('x', 60) WHERE id = 1")
        await both.main.execute("UPDATE t SET v = v || 'y' WHERE id = 1")
        await settled(both, "t", "c")
        assert await both.backup.fetchval("SELECT length(v) FROM t WHERE id = 1") == 61
        assert await both.backup.fetchval("SELECT count(*) FROM c") == 1
