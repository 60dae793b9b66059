from __future__ import annotations

import asyncpg
import pytest

from cdc.errors import HistoryError, PositionMoved
from cdc.history import Facts, fault, load_position, take
from cdc.model import Side
from cdc.position import Position, Seen, Witness
from tests.databases import Pair
from tests.synced import synced

EPOCH = "token:1:00000001:5"
WITNESS = Witness(95, 7, "2026-01-01T00:00:00+00:00")


def judge(
    *, epoch: str = EPOCH, now: str = "200:200:", pruned: str | None = None, witnessed: bool | None = True
) -> str | None:
    position = Position(EPOCH, Seen.parse("90:100:90"), witness=WITNESS)
    facts = Facts(epoch, Seen.parse(now), Seen.parse(pruned) if pruned else None, witnessed)
    return fault(Side.MAIN, position, position.seen, facts)


@pytest.mark.parametrize("pruned", [None, "80:110:", "90:100:90"])
@pytest.mark.parametrize("now", ["200:200:", "90:100:90"])
@pytest.mark.parametrize("witnessed", [True, None])
def test_a_history_that_goes_on(now: str, pruned: str | None, *, witnessed: bool | None) -> None:
    assert judge(now=now, pruned=pruned, witnessed=witnessed) is None


@pytest.mark.parametrize(
    ("epoch", "words"),
    [
        ("other:1:00000001:5", "made equal anew"),
        ("token:2:00000001:5", "on another server"),
        ("token:1:00000002:5", "standby was promoted"),
        ("token:1:00000001:6", "cloned, or restored from a dump"),
        ("token:2:00000003:6", "on another server"),
    ],
)
def test_another_identity_is_explained(epoch: str, words: str) -> None:
    said = judge(epoch=epoch)
    assert said is not None
    assert "MAIN is not the database that BACKUP was synced with" in said
    assert words in said
    assert EPOCH in said
    assert epoch in said


def test_a_source_that_fell_behind() -> None:
    assert "up to 100, and it stands at 99" in str(judge(now="99:99:"))


def test_a_source_that_fell_behind_inside_a_window_that_is_applied_in_pages() -> None:
    position = Position(EPOCH, Seen.parse("90:100:"), window_to=Seen.parse("150:150:"), last_seq=3)
    said = fault(Side.BACKUP, position, position.seen, Facts(EPOCH, Seen.parse("120:120:")))
    assert "MAIN has applied its transactions up to 150" in str(said)


def test_a_source_that_lacks_what_was_applied_although_it_has_run_ahead() -> None:
    assert "transaction 95 of 2026-01-01T00:00:00+00:00, which it has no more" in str(judge(witnessed=False))


def test_a_target_behind_what_is_pruned() -> None:
    assert "BACKUP was rolled back" in str(judge(pruned="91:120:", witnessed=False))


def test_a_table_that_is_held_counts_as_well() -> None:
    position = Position(EPOCH, Seen.parse("90:100:"))
    facts = Facts(EPOCH, Seen.parse("200:200:"), Seen.parse("80:80:"))
    assert fault(Side.MAIN, position, position.seen, facts) is None
    assert "BACKUP was rolled back" in str(fault(Side.MAIN, position, Seen.parse("70:70:"), facts))


@pytest.mark.parametrize(("known", "right"), [(("b", "a"), True), (("b",), False), ((), False)])
def test_a_source_that_was_not_linked_last(known: tuple[str, ...], *, right: bool) -> None:
    position = Position(EPOCH, Seen.parse("90:100:"), opening="a")
    said = fault(Side.MAIN, position, position.seen, Facts(EPOCH, Seen.parse("200:200:"), openings=known))
    assert (said is None) is right
    assert right or "copy of its files" in str(said)


async def test_of_two_that_take_a_position_at_once_one_has_it(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY)"):
        found = await load_position(pair.main, pair.backup, Side.MAIN)
        taken = await take(pair.main, pair.backup, Side.MAIN, found)
        with pytest.raises(PositionMoved):
            await take(pair.main, pair.backup, Side.MAIN, found)
        assert await load_position(pair.main, pair.backup, Side.MAIN) == taken


async def test_a_kill_between_both_notes_of_an_opening_leaves_a_position_that_is_known(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY)"):
        found = await load_position(pair.main, pair.backup, Side.MAIN)
        gone = await asyncpg.connect(pair.backup_url)
        gone.terminate()
        with pytest.raises(asyncpg.InterfaceError):
            await take(pair.main, gone, Side.MAIN, found)
        assert await load_position(pair.main, pair.backup, Side.MAIN) == found


async def test_without_a_position_nothing_is_applied(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY)") as both:
        await both.backup.execute("DELETE FROM cdc.position")
        with pytest.raises(HistoryError, match="BACKUP has no position of MAIN") as caught:
            await load_position(pair.main, pair.backup, Side.MAIN)
        assert "cdc run" in caught.value.hint


async def test_the_last_change_applied_is_noted_and_looked_for(pair: Pair) -> None:
    async with synced(pair, "CREATE TABLE t (id int PRIMARY KEY)") as both:
        assert (await load_position(pair.main, pair.backup, Side.MAIN)).witness is None
        await both.main.execute("INSERT INTO t VALUES (1), (2)")
        await both.settle()
        change = await both.main.fetchrow(
            "SELECT txid::text, seq, at FROM cdc.changelog ORDER BY seq DESC LIMIT 1"
        )
        found = await load_position(pair.main, pair.backup, Side.MAIN)
        assert change is not None
        assert found.witness == Witness(int(change["txid"]), change["seq"], change["at"].isoformat())
        await both.main.execute("UPDATE cdc.changelog SET at = at + '1 microsecond'")
        with pytest.raises(HistoryError, match="rolled back"):
            await load_position(pair.main, pair.backup, Side.MAIN)
        with pytest.raises(HistoryError, match="MAIN is not the database"):
            await load_position(pair.backup, pair.main, Side.BACKUP)  # the other direction is not safe either
