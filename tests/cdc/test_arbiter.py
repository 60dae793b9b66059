"""Policies decide on open conflicts; what they cannot decide stays with a person, and says why."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cdc.conflicts import get_conflict
from cdc.decision import Decision
from cdc.merge_function import MergeFunctions
from cdc.model import Entity, Resolution, Side
from cdc.policy import PolicyRule, parse_policy
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, v text, n int, tags text[], doc jsonb, at timestamptz);
INSERT INTO t SELECT i, 'x', 10, '{a,b}', '{"k": 1}', '2026-01-01' FROM generate_series(1, 3) i;
"""


@asynccontextmanager
async def ruled(pair: Pair, rule: PolicyRule, main: str, backup: str) -> AsyncIterator[Synced]:
    async with synced(pair, SCHEMA, policy=lambda _: rule) as both:
        await both.main.execute(main)
        await both.backup.execute(backup)
        await both.settle()
        yield both


async def column(both: Synced, name: str) -> list[str]:
    """A column of row 1, as text, on both sides."""
    return [await both.connection(side).fetchval(f"SELECT {name}::text FROM t WHERE id = 1") for side in Side]


async def test_a_merge_that_leaves_nothing_to_decide_is_carried_out(pair: Pair) -> None:
    main = "UPDATE t SET v = 'm', tags = '{a,b,c}', doc = '{\"k\": 2}' WHERE id = 1"
    backup = "UPDATE t SET n = 8, tags = '{b,d}', doc = '{\"k\": 1, \"l\": 3}' WHERE id = 1"
    rule = parse_policy("MERGE", {"tags": "UNION", "doc": "JSON"})
    async with ruled(pair, rule, main, backup) as both:
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await column(both, "ROW(v, n, tags, doc)") == ['(m,8,"{b,c,d}","{""k"": 2, ""l"": 3}")'] * 2
        kept = await get_conflict(both.main, both.backup, "t", "1")
        assert (kept.resolution, kept.resolved_by) == (Resolution.MERGE, "policy")
        assert kept.reason == f"{rule} is the policy of t"


async def test_a_merge_that_leaves_a_column_to_decide_is_left_to_a_person(pair: Pair) -> None:
    async with ruled(
        pair,
        parse_policy("MERGE"),
        "UPDATE t SET v = 'm' WHERE id = 1",
        "UPDATE t SET v = 'b' WHERE id = 1",
    ) as both:
        shown = await get_conflict(both.main, both.backup, "t", "1")
        assert shown.reason is not None
        assert "v changed on both sides" in shown.reason
        await both.settle()
        assert (await get_conflict(both.main, both.backup, "t", "1")).version == shown.version
        # The conflict changes, and now there is something to go by.
        await both.main.execute("UPDATE t SET v = 'b' WHERE id = 1")
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()


@pytest.mark.parametrize(
    ("main", "backup", "expected"),
    [
        ("2026-02-01 12:00+02", "2026-02-01 11:00+00", "b"),
        ("2026-02-02 00:00+00", "2026-02-01 11:00+00", "m"),
        ("2026-02-01 12:00+01", "2026-02-01 11:00+00", None),
        (None, "2026-02-01 11:00+00", None),
    ],
)
async def test_the_later_row_wins(pair: Pair, main: str | None, backup: str, expected: str | None) -> None:
    def write(value: str, at: str | None) -> str:
        return f"UPDATE t SET v = '{value}', at = nullif('{at}', 'None')::timestamptz WHERE id = 1"

    rule = parse_policy("LATEST_WINS(at)")
    async with ruled(pair, rule, write("m", main), write("b", backup)) as both:
        if expected is None:
            assert await column(both, "v") == ["m", "b"]
            reason = (await get_conflict(both.main, both.backup, "t", "1")).reason
            assert reason is not None
            assert "cannot tell which row is the later one" in reason
        else:
            await both.assert_no_conflicts()
            assert await column(both, "v") == [expected, expected]


@pytest.mark.parametrize("winner", Side)
async def test_a_sides_row_wins_where_one_has_none(pair: Pair, winner: Side) -> None:
    rule = parse_policy(f"{winner}_WINS")
    async with ruled(pair, rule, "DELETE FROM t WHERE id = 1", "UPDATE t SET v = 'b' WHERE id = 1") as both:
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert await both.main.fetchval("SELECT count(*) FROM t") == (2 if winner is Side.MAIN else 3)


async def test_conflicts_met_under_another_policy_are_left_alone(pair: Pair) -> None:
    rules = [parse_policy("MANUAL")]

    def policy(_: Entity) -> PolicyRule:
        return rules[0]

    async with synced(pair, SCHEMA, policy=policy) as both:
        await both.main.execute("UPDATE t SET v = 'm'")
        await both.backup.execute("UPDATE t SET n = 5")
        await both.settle()
        rules[0] = parse_policy("MERGE")
        await both.settle()
        assert len({entry.entity_id for entry in await both.open_conflicts()}) == 3


async def test_a_table_that_cannot_be_decided_on_stops_nothing(pair: Pair) -> None:
    rule = parse_policy("LATEST_WINS(at)")
    main, backup = "UPDATE t SET v = 'm', at = NULL", "UPDATE t SET v = 'b'"
    async with ruled(pair, rule, main, backup) as both:
        await both.backup.execute(
            "ALTER TABLE t DROP CONSTRAINT t_pkey; UPDATE cdc.sync_state SET asked = NULL"
        )
        await both.engine.referee.step()
        await both.engine.referee.step()
        assert await both.main.fetchval("SELECT count(*) FROM cdc.sync_state WHERE status = 'OPEN'") == 3
        await both.backup.execute("ALTER TABLE t ADD PRIMARY KEY (id); UPDATE t SET at = now()")
        await both.main.execute("UPDATE t SET at = now() - interval '1 hour'")
        await both.reopen()
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("t")


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with merge functions, installed as far as Python can tell."""
    (tmp_path / "ours.py").write_text(
        "import time\n"
        "def longest(base, main, backup):\n"
        "    print('noise')\n"
        "    return {**main, 'v': max(main['v'], backup['v'], key=len)}\n"
        "def undecided(base, main, backup): return None\n"
        "def wrong(base, main, backup): return main['nothing']\n"
        "def number(base, main, backup): return {'v': 1}\n"
        "def endless(base, main, backup): time.sleep(60)\n"
        "def fatal(base, main, backup): __import__('os')._exit(3)\n"
    )
    meta = tmp_path / "ours-1.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1\n")
    names = ("longest", "undecided", "wrong", "number", "endless", "fatal")
    (meta / "entry_points.txt").write_text("[cdc.merge]\n" + "".join(f"{n} = ours:{n}\n" for n in names))
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.mark.usefixtures("functions")
async def test_a_users_function_merges(pair: Pair) -> None:
    rule = parse_policy("MERGE", function="longest")
    async with ruled(
        pair, rule, "UPDATE t SET v = 'longer' WHERE id = 1", "UPDATE t SET v = 'short', n = 3 WHERE id = 1"
    ) as both:
        await both.assert_no_conflicts()
        await both.assert_equal("t")
        assert (await column(both, "v"))[0] == "longer"


@pytest.mark.usefixtures("functions")
async def test_a_functions_error_leaves_the_conflict_to_a_person(pair: Pair) -> None:
    rule = parse_policy("MERGE", function="wrong")
    async with ruled(
        pair, rule, "UPDATE t SET v = 'm' WHERE id = 1", "UPDATE t SET v = 'b' WHERE id = 1"
    ) as both:
        shown = await get_conflict(both.main, both.backup, "t", "1")
        assert shown.reason == "merge function wrong: KeyError: 'nothing'"


@pytest.mark.usefixtures("functions")
async def test_whatever_a_function_does_is_put_into_words() -> None:
    functions = MergeFunctions(timeout_s=3)
    row = {"v": "x"}
    try:
        for name, expected in {
            "undecided": "undecided",
            "number": "returned no map",
            "fatal": "ended unexpectedly",
            "nowhere": "no entry point",
        }.items():
            answer = await functions.call(name, None, row, row)
            assert isinstance(answer, str)
            assert expected in answer
        assert await functions.call("longest", None, row, {"v": "xyz"}) == {"v": "xyz"}
    finally:
        await functions.close()
    impatient = MergeFunctions(timeout_s=0.1)
    assert await impatient.call("endless", None, row, row) == "did not answer within 0.1 seconds"


async def test_a_table_that_waits_keeps_no_other_waiting(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its conflicts are as many as are decided in one go, and were there first."""
    monkeypatch.setattr("cdc.arbiter.LIMIT", 2)
    schema = SCHEMA + SCHEMA.replace(" t ", " other ")
    async with synced(pair, schema, policy=lambda _: parse_policy("MERGE")) as both:
        await both.settle()
        for table in ("t", "other"):
            await both.main.execute(f"UPDATE {table} SET v = 'm'")
            await both.backup.execute(f"UPDATE {table} SET n = 8")
        for side in Side:
            await both.engine.step(side)
        assert len(await both.entries(Side.MAIN, "OPEN")) == 6
        await both.main.execute("ALTER TABLE t RENAME v TO w")
        await both.settle()
        assert {each.entity for each in await both.open_conflicts()} == {"t"}
        await both.assert_equal("other")


@pytest.mark.parametrize("policy", ["MERGE", "MANUAL"])
@pytest.mark.parametrize(
    ("main", "backup", "expected"),
    [
        ("UPDATE k SET b = 1.00, v = 'm'", "UPDATE k SET w = 'b'", "(1,1.00,m,b)"),
        ("UPDATE k SET v = 'm'", "UPDATE k SET b = 1.000, w = 'b'", "(1,1.000,m,b)"),
        ("UPDATE k SET b = 1.00, v = 'm'", "UPDATE k SET b = 1.000, w = 'b'", "(1,1.00,m,b)"),
    ],
)
async def test_a_merge_gives_both_sides_one_spelling_of_the_key(
    pair: Pair, policy: str, main: str, backup: str, expected: str
) -> None:
    schema = """
    CREATE TABLE k (a int, b numeric, v text, w text, PRIMARY KEY (a, b));
    INSERT INTO k VALUES (1, 1.0, 'x', 'x');
    """
    async with synced(pair, schema, policy=lambda _: parse_policy(policy)) as both:
        await both.main.execute(main)
        await both.backup.execute(backup)
        await both.settle()
        if policy == "MANUAL":
            async with Resolver(*endpoints(pair)) as resolver:
                await resolver.resolve(Decision("k", "1,1.0", Resolution.MERGE, "ann"))
            await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("k")
        assert await both.rows(Side.MAIN, "k") == [expected]
