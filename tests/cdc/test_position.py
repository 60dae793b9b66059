"""Sets of transactions: what a window holds, and when one position has passed another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.model import Side
from cdc.position import Position, Seen
from tests.databases import Pair

LARGEST = 12


@st.composite
def snapshots(draw: st.DrawFn) -> Seen:
    xmax = draw(st.integers(3, LARGEST))
    running = draw(st.frozensets(st.integers(3, max(3, xmax - 1)), max_size=6))
    running = frozenset(txid for txid in running if txid < xmax)
    return Seen(min(running, default=xmax), xmax, running)


def visible(seen: Seen) -> set[int]:
    """The definition, spelled out for every number there is."""
    return {txid for txid in range(LARGEST + 3) if txid < seen.xmax and txid not in seen.running}


@given(snapshots())
def test_text_is_what_was_read(seen: Seen) -> None:
    assert Seen.parse(str(seen)) == seen


@given(snapshots(), st.integers(0, LARGEST + 2))
def test_sees_what_the_definition_says(seen: Seen, txid: int) -> None:
    assert seen.sees(txid) == (txid in visible(seen))


@given(snapshots(), snapshots())
def test_covers_is_inclusion(one: Seen, other: Seen) -> None:
    assert one.covers(other) == (visible(one) >= visible(other))


@given(snapshots(), snapshots(), snapshots())
def test_covers_is_an_order(one: Seen, two: Seen, three: Seen) -> None:
    assert one.covers(one)
    assert not (one.covers(two) and two.covers(three)) or one.covers(three)


@pytest.mark.parametrize("text", ["", "1", "1:2", "1:2:3:4", "a:b:", "1:2:x", "::"])
def test_what_is_no_snapshot_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the message is int()'s
        Seen.parse(text)


def test_a_window_is_paged_and_finished() -> None:
    start = Position("e", Seen.parse("5:5:"))
    to = Seen.parse("9:12:9,10")
    page = start.paged(to, 44)
    assert (page.seen, page.window_to, page.last_seq) == (start.seen, to, 44)
    assert page.paged(to, 50).seen == start.seen
    assert page.finished(to) == Position("e", to)


async def test_postgresql_prints_and_judges_likewise(pair: Pair) -> None:
    """A transaction is left open, so that the snapshot has something running."""
    holder = await pair.connect(Side.MAIN)
    open_transaction = holder.transaction()
    await open_transaction.start()
    running = int(await holder.fetchval("SELECT pg_current_xact_id()::text"))
    done = [int(await pair.main.fetchval("SELECT pg_current_xact_id()::text")) for _ in range(3)]
    text = await pair.main.fetchval("SELECT pg_current_snapshot()::text")
    seen = Seen.parse(text)
    assert str(seen) == text
    assert running in seen.running
    assert all(seen.sees(txid) for txid in done)
    for txid in range(seen.xmin - 2, seen.xmax + 2):
        sql = "SELECT pg_visible_in_snapshot($1::text::xid8, $2::text::pg_snapshot)"
        assert await pair.main.fetchval(sql, str(txid), text) == seen.sees(txid)
    await open_transaction.rollback()
