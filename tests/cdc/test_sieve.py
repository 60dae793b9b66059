"""What is refused is found, whatever company it comes in; everything else is applied. On a real table."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdc import sieve
from cdc.model import Side
from cdc.patience import Patience
from cdc.references import ReferenceBroken
from cdc.sieve import Refusal, Sieve
from cdc.undone import Outcome
from tests.databases import Pair

SCHEMA = """
CREATE TEMP TABLE seat (id int PRIMARY KEY, place int UNIQUE DEFERRABLE INITIALLY DEFERRED CHECK (place > 0));
INSERT INTO seat SELECT i, i FROM generate_series(1, 100) i;
"""


class Places(Sieve[tuple[int, int]]):
    """Gives rows new places, all of them at once; a refused row stays where it is."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        super().__init__(connection, Patience())
        self.refused: list[tuple[int, int]] = []
        self.rest: list[tuple[int, int]] = []

    async def carry_out(self, items: Sequence[tuple[int, int]], *, part: bool) -> Outcome:
        del part
        await self._connection.executemany("UPDATE seat SET place = $2 WHERE id = $1", items)
        await self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        await self._connection.execute("SET CONSTRAINTS ALL DEFERRED")
        return Outcome(applied=len(items))

    def splits(self, error: Refusal) -> bool:
        return isinstance(error, ReferenceBroken | asyncpg.IntegrityConstraintViolationError)

    async def set_aside(
        self, items: Sequence[tuple[int, int]], place: int
    ) -> tuple[Sequence[tuple[int, int]], Sequence[tuple[int, int]]]:
        return [*items[:place], *items[place + 1 :]], [items[place]]

    async def refuse(self, item: tuple[int, int], error: Refusal) -> Outcome:
        assert isinstance(error, asyncpg.PostgresError)
        self.refused.append(item)
        return Outcome(deferred=1)

    async def overflow(self, items: Sequence[tuple[int, int]], error: Refusal) -> Outcome:
        assert isinstance(error, asyncpg.PostgresError)
        self.rest += items
        return Outcome(deferred=len(items))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(1, 41)), bad=st.sets(st.integers(21, 40), max_size=sieve.SIFTED))
async def test_a_few_are_left_out_and_the_others_go_together(
    own_session: asyncpg.Connection[asyncpg.Record], order: list[int], bad: set[int]
) -> None:
    # The first twenty change places in a circle, which none of them could do alone; the others go somewhere else.
    wanted = {i: i % 20 + 1 if i <= 20 else -1 if i in bad else i + 200 for i in order}
    async with own_session.transaction():
        await own_session.execute(f"DROP TABLE IF EXISTS seat; {SCHEMA}")
        places = Places(own_session)
        outcome = await places.sift(list(wanted.items()))
        assert {item[0] for item in places.refused} == bad
        assert outcome == Outcome(applied=40 - len(bad), deferred=len(bad))
        rows = await own_session.fetch("SELECT id, place FROM seat WHERE id <= 40")
        assert {row["id"]: row["place"] for row in rows} == wanted | {i: i for i in bad}


@pytest.mark.parametrize("alone", [1, 5])
async def test_of_a_storm_the_rest_is_left(
    own_session: asyncpg.Connection[asyncpg.Record], monkeypatch: pytest.MonkeyPatch, alone: int
) -> None:
    monkeypatch.setattr(sieve, "ALONE", alone)
    async with own_session.transaction():
        await own_session.execute(SCHEMA)
        places = Places(own_session)
        outcome = await places.sift([(i, -1 if i % 2 else i + 200) for i in range(1, 101)])
        assert len(places.refused) == alone + sieve.SIFTED
        assert all(place == -1 for _, place in places.refused)
        assert len(places.rest) > 50
        assert outcome.applied + len(places.refused) + len(places.rest) == 100
        assert await own_session.fetchval("SELECT count(*) FROM seat WHERE place > 200") == outcome.applied


async def test_what_no_item_is_to_blame_for_is_raised(
    own_session: asyncpg.Connection[asyncpg.Record],
) -> None:
    async with own_session.transaction():
        with pytest.raises(asyncpg.UndefinedTableError):
            await Places(own_session).sift([(1, 1), (2, 2)])


@pytest.fixture
async def own_session(pair: Pair) -> asyncpg.Connection[asyncpg.Record]:
    return await pair.connect(Side.MAIN)
