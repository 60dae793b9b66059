"""What comparing a key on both sides leads to, and when it may be compared."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest

from cdc.decision import Decision
from cdc.finding import Finding, Readings, Row, find, passed
from cdc.model import Resolution, Side
from cdc.position import Seen
from cdc.recheck import _Comparison, _Item
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import endpoints, synced

NOWHERE = Seen.parse("1:1:")
NEVER = Readings(None, None, armed=False)


def row(common: str | None) -> Row:
    return Row(None if common is None else {"id": common}, common, NOWHERE)


@pytest.mark.parametrize(("here", "there"), list(product((None, "(1)", "(2)"), repeat=2)))
def test_the_first_readings_are_only_remembered(here: str | None, there: str | None) -> None:
    """Even equal rows: a change that is still under way may be about to part them."""
    assert find(NEVER, row(here), row(there)) is Finding.ARM


@pytest.mark.parametrize("common", [None, "(1)"])
def test_equal_rows_that_stayed_end_it(common: str | None) -> None:
    assert find(Readings(common, common, armed=True), row(common), row(common)) is Finding.EQUAL
    assert find(Readings(common, "(2)", armed=True), row(common), row(common)) is Finding.ARM


def test_the_same_difference_again_is_a_conflict() -> None:
    for here, there in product((None, "(1)", "(2)"), repeat=2):
        if here != there:
            assert find(Readings(here, there, armed=True), row(here), row(there)) is Finding.DIFFERENT


def test_a_row_that_moved_between_the_comparisons_starts_over() -> None:
    assert find(Readings("(1)", "(2)", armed=True), row("(1)"), row("(3)")) is Finding.ARM
    assert find(Readings("(1)", "(2)", armed=True), row(None), row("(2)")) is Finding.ARM
    assert find(Readings(None, "(2)", armed=True), row("(0)"), row("(2)")) is Finding.ARM


def test_both_links_must_have_passed_what_was_done() -> None:
    early, late = Seen.parse("5:5:"), Seen.parse("9:9:")
    waiting = str(early), None
    armed = str(early), str(late)
    assert passed(*waiting, early, None)
    assert passed(*waiting, late, early)
    assert not passed(*waiting, Seen.parse("4:4:"), late)
    assert passed(*armed, late, late)
    assert not passed(*armed, late, early)
    assert not passed(*armed, Seen.parse("4:9:4"), late)


def test_one_way_there_is_nothing_to_wait_for_on_the_way_back() -> None:
    row = "5:5:", "7:7:"
    assert passed(*row, None, Seen.parse("7:7:"))
    assert not passed(*row, None, Seen.parse("6:6:"))
    assert passed(*row, None, None)


SCHEMA = """
CREATE TABLE t (id numeric, part text, v text, PRIMARY KEY (id, part));
CREATE TABLE u (id int PRIMARY KEY);
"""
AFRESH = """
BEGIN;
SET LOCAL cdc.applying = 'on';
DELETE FROM t;
DELETE FROM u;
INSERT INTO t (id, part, v) VALUES (1, 'a,b', 'x'), (2, 'a,b', 'x');
COMMIT
"""
WRITES = {
    "UPDATE t SET v = 'y' WHERE id = 2": False,
    "INSERT INTO u VALUES (1)": False,
    "BEGIN; UPDATE t SET v = 'y' WHERE id = 1; ROLLBACK": False,
    "UPDATE t SET v = 'y' WHERE id = 1": True,
    "UPDATE t SET v = 'y' WHERE id = 1; UPDATE t SET v = 'x' WHERE id = 1": True,
    "DELETE FROM t WHERE id = 1": True,
    "UPDATE t SET id = 7 WHERE id = 1": True,
    "UPDATE t SET id = 1.0 WHERE id = 1": True,
    "DELETE FROM t WHERE id = 1; UPDATE t SET id = 1 WHERE id = 2": True,
    "TRUNCATE t": True,
    "ALTER TABLE t ADD w int; UPDATE t SET w = 1 WHERE id = 2": True,
}


async def test_a_write_between_the_readings_is_noticed(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.settle()
        writer = both.connection(Side.BACKUP)
        for write, touched in WRITES.items():
            for side in Side:
                await both.connection(side).execute(AFRESH)
            pairs = await both.engine.referee._pairs(Side.MAIN)
            ((here, there),) = await pairs["t"].read(["1,a%2Cb"])
            assert here.common == there.common is not None
            await writer.execute(write)
            found = await pairs["t"].touched(["3,c", "1,a%2Cb"], str(here.seen), str(there.seen))
            assert ("1,a%2Cb" in found) is touched, write
            ((here, there),) = await pairs["t"].read(["1,a%2Cb"])
            assert not await pairs["t"].touched(["1,a%2Cb"], str(here.seen), str(there.seen)), write


async def test_keys_that_cannot_be_read_and_rows_that_are_large_hold_up_no_other(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdc.pairing.MOST_BYTES", 100)
    monkeypatch.setattr("cdc.recheck.MOST_BYTES", 100)
    async with synced(pair, SCHEMA) as both:
        await both.main.execute(
            "INSERT INTO t SELECT i, 'p', repeat('x', 30 * i) FROM generate_series(1, 9) i"
        )
        await both.settle()
        await both.main.execute(
            "INSERT INTO cdc.recheck (entity, entity_id, reason, here_seen)"
            " SELECT 't', id, 'test', pg_current_snapshot() FROM unnest($1::text[]) id",
            [*(f"{i},p" for i in range(1, 12)), "x,p", "lonely"],
        )
        for _ in range(40):
            for link in both.engine.links.values():
                await link.step()
            await both.engine.referee.step()
        left = await both.main.fetch("SELECT entity_id FROM cdc.recheck ORDER BY entity_id")
        assert [row["entity_id"] for row in left] == ["lonely", "x,p"]


@pytest.mark.parametrize("winner", [Resolution.MAIN, Resolution.BACKUP])
async def test_what_is_decided_while_it_is_compared_is_no_new_conflict(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, winner: Resolution
) -> None:
    """The rows were read before, and its entry was looked for afterwards."""
    compare, decided = _Comparison._open, list[str]()

    async def decide(self: _Comparison, items: Sequence[_Item]) -> dict[str, Finding]:
        if items and not decided:
            decided.extend(row["entity_id"] for row, _, _ in items)
            async with Resolver(*endpoints(pair)) as resolver:
                await resolver.resolve(Decision("t", decided[0], winner, "ann"))
        return await compare(self, items)

    monkeypatch.setattr(_Comparison, "_open", decide)
    async with synced(pair, SCHEMA + "INSERT INTO t VALUES (1, 'a', 'x')") as both:
        for side in Side:
            await both.connection(side).execute("UPDATE t SET v = $1", side)
        await both.settle()
        assert decided == ["1,a"]
        for side in Side:
            assert len(await both.entries(side, "RESOLVED")) == 1
            assert await both.entries(side, "OPEN", "CONVERGED") == []
        await both.assert_equal("t")
        assert await both.main.fetchval("SELECT v FROM t") == winner


async def test_a_full_list_is_gone_through_to_its_end(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where all that was looked at in one go is done with."""
    monkeypatch.setattr("cdc.recheck.LIMIT", 2)
    async with synced(pair, SCHEMA + "INSERT INTO t SELECT i, 'a', 'x' FROM generate_series(1, 7) i") as both:
        for side in Side:
            await both.connection(side).execute("UPDATE t SET v = 'y'")
        await both.settle()
        for side in Side:
            assert await both.connection(side).fetchval("SELECT count(*) FROM cdc.recheck") == 0
