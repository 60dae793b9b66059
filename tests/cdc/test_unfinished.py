"""A decision that was cut between its two commits is completed, unless an application went on from there."""

from __future__ import annotations

import pytest

from cdc.conflicts import get_conflict
from cdc.decision import Decision
from cdc.model import ConflictStatus, Resolution, Side
from cdc.resolve import Resolver
from cdc.twin import Twin
from tests.databases import Pair
from tests.synced import TERMINATE, Synced, endpoints, synced

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, v text, n int);
INSERT INTO t SELECT i, 'x', 10 FROM generate_series(1, 3) i;
"""


async def cut(
    both: Synced, pair: Pair, decision: Decision, second: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Carry a decision out, and lose the session with the side that commits second just before it does."""
    order: list[Side] = []
    commit = Twin.__aexit__

    async def committing(self: Twin, *error: object) -> None:
        assert self.first is second.other
        await both.connection(second).execute(f"{TERMINATE} application_name = 'cdc resolver'")
        order.append(self.first)
        await commit(self, *error)  # type: ignore[arg-type]

    monkeypatch.setattr(Twin, "__aexit__", committing)
    async with Resolver(*endpoints(pair)) as resolver:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever the driver makes of a session that is gone
            await resolver.resolve(decision)
    monkeypatch.setattr(Twin, "__aexit__", commit)
    assert order == [second.other]


async def disputed(both: Synced) -> None:
    await both.main.execute("UPDATE t SET v = 'm' WHERE id = 1")
    await both.backup.execute("UPDATE t SET n = 7 WHERE id = 1")
    await both.settle()


MERGED = Decision("t", "1", Resolution.MERGE, "ann", reason="both are right")


async def test_a_merge_that_only_one_side_has_is_completed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with synced(pair, SCHEMA) as both:
        await disputed(both)
        await cut(both, pair, MERGED, Side.BACKUP, monkeypatch)
        assert await both.main.fetchval("SELECT unfinished FROM cdc.sync_state WHERE status = 'RESOLVED'")
        assert await both.backup.fetchval("SELECT v FROM t WHERE id = 1") == "x"
        await both.reopen()
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()
        assert await both.backup.fetchval("SELECT ROW(v, n)::text FROM t WHERE id = 1") == "(m,7)"
        kept = await get_conflict(both.main, both.backup, "t", "1")
        assert (kept.resolution, kept.resolved_by) == (Resolution.MERGE, "ann")
        for side in Side:
            assert not await both.connection(side).fetchval("SELECT bool_or(unfinished) FROM cdc.sync_state")
            (entry,) = await both.entries(side, "RESOLVED")
            assert entry.reason == "both are right"


@pytest.mark.parametrize("side", Side)
async def test_an_application_that_went_on_meanwhile_is_not_overwritten(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, side: Side
) -> None:
    async with synced(pair, SCHEMA) as both:
        await disputed(both)
        await cut(both, pair, MERGED, Side.BACKUP, monkeypatch)
        await both.connection(side).execute("UPDATE t SET v = 'later' WHERE id = 1")
        await both.reopen()
        await both.settle()
        values = [await both.connection(each).fetchval("SELECT v FROM t WHERE id = 1") for each in Side]
        if values != ["later", "later"]:
            assert values[list(Side).index(side)] == "later"
            shown = await get_conflict(both.main, both.backup, "t", "1")
            assert shown.status is ConflictStatus.OPEN
            assert shown.main is not None
            assert shown.backup is not None
            assert [shown.main["v"], shown.backup["v"]] == values


@pytest.mark.parametrize("winner", Side)
async def test_a_side_that_won_by_halves(pair: Pair, monkeypatch: pytest.MonkeyPatch, winner: Side) -> None:
    async with synced(pair, SCHEMA) as both:
        await disputed(both)
        decision = Decision("t", "1", Resolution(winner.value), "ann")
        await cut(both, pair, decision, winner, monkeypatch)
        await both.reopen()
        await both.settle()
        await both.assert_equal("t")
        await both.assert_no_conflicts()
        expected = "(m,10)" if winner is Side.MAIN else "(x,7)"
        assert await both.main.fetchval("SELECT ROW(v, n)::text FROM t WHERE id = 1") == expected
