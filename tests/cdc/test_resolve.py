"""Decisions carried out: both sides end equal, both versions stay readable, what moved is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from cdc import config
from cdc.conflicts import Filter, get_conflict, list_conflicts
from cdc.decision import Decision
from cdc.errors import ConflictMoved, ConflictNotFound, MergeIncomplete, ResolutionRefused
from cdc.model import Resolution, Side
from cdc.policy import parse_policy
from cdc.resolve import Resolver
from tests.databases import Pair
from tests.synced import Synced, endpoints, synced

SCHEMA = """
CREATE TABLE product (id int PRIMARY KEY, name text NOT NULL, stock int CHECK (stock >= 0), price numeric(8,2),
                      code text UNIQUE);
INSERT INTO product SELECT i, 'cue ' || i, 10, 5.00, 'c' || i FROM generate_series(1, 3) i;
"""


@asynccontextmanager
async def disputed(pair: Pair, main: str, backup: str) -> AsyncIterator[tuple[Synced, Resolver]]:
    """Both sides after one statement on each, with the conflict that this led to."""
    async with synced(pair, SCHEMA) as both:
        await both.main.execute(main)
        await both.backup.execute(backup)
        await both.settle()
        async with Resolver(*endpoints(pair)) as resolver:
            yield both, resolver


def decision(
    resolution: Resolution,
    entity_id: str = "1",
    *,
    version: int | None = None,
    values: Mapping[str, str | None] | None = None,
) -> Decision:
    return Decision("product", entity_id, resolution, "ann", version, "because", values or {})


BOTH = "UPDATE product SET stock = 8 WHERE id = 1", "UPDATE product SET stock = 7 WHERE id = 1"


@pytest.mark.parametrize("side", Side)
async def test_one_sides_row_wins(pair: Pair, side: Side) -> None:
    async with disputed(pair, *BOTH) as (both, resolver):
        shown = await get_conflict(both.main, both.backup, "product", "1")
        assert shown.base is not None
        assert shown.main is not None
        assert shown.backup is not None
        assert (shown.base["stock"], shown.main["stock"], shown.backup["stock"]) == ("10", "8", "7")
        done = await resolver.resolve(decision(Resolution(side.value), version=shown.version))
        assert done.row is not None
        assert done.row["stock"] == {"MAIN": "8", "BACKUP": "7"}[side]
        await both.settle()
        await both.assert_equal("product")
        await both.assert_no_conflicts()
        kept = await get_conflict(both.main, both.backup, "product", "1")
        assert (kept.resolution, kept.resolved_by, kept.reason) == (Resolution(side.value), "ann", "because")
        assert kept.main is not None
        assert kept.backup is not None
        assert (kept.main["stock"], kept.backup["stock"]) == ("8", "7")


async def test_what_a_decided_record_stood_in_the_way_of_is_tried_at_once(pair: Pair) -> None:
    main = "INSERT INTO product VALUES (4, 'rest', 1, 1, 'new')"
    backup = "INSERT INTO product VALUES (5, 'chalk', 1, 1, 'new')"
    async with disputed(pair, main, backup) as (both, resolver):
        assert {entry.type for entry in await both.open_conflicts()} == {"UNIQUE_VIOLATION"}
        for connection in (both.main, both.backup):
            await connection.execute("UPDATE cdc.sync_state SET next_try_at = now() + interval '1 hour'")
        await resolver.resolve(decision(Resolution.MAIN, "5"))
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("product")
        assert await both.backup.fetch("SELECT id FROM product WHERE code = 'new'") == [(4,)]


async def test_a_merge_takes_what_each_side_changed(pair: Pair) -> None:
    main = "UPDATE product SET stock = 8, price = 6 WHERE id = 1"
    backup = "UPDATE product SET stock = 7, name = 'bridge' WHERE id = 1"
    async with disputed(pair, main, backup) as (both, resolver):
        with pytest.raises(MergeIncomplete) as left:
            await resolver.resolve(decision(Resolution.MERGE))
        assert left.value.missing == ("stock",)
        done = await resolver.resolve(decision(Resolution.MERGE, values={"stock": "5"}))
        assert done.row == {"id": "1", "name": "bridge", "stock": "5", "price": "6.00", "code": "c1"}
        await both.settle()
        await both.assert_equal("product")
        await both.assert_no_conflicts()
        for side in Side:
            (entry,) = await both.entries(side, "RESOLVED")
            assert entry.current is not None
            assert entry.current["stock"] == {"MAIN": "8", "BACKUP": "7"}[side]
            assert not await both.connection(side).fetchval("SELECT bool_or(unfinished) FROM cdc.sync_state")
        assert (await get_conflict(both.main, both.backup, "product", "1")).merged == done.row


async def test_a_merge_goes_by_the_tables_strategies(pair: Pair) -> None:
    main = "UPDATE product SET stock = 8, price = 6, name = 'a' WHERE id = 1"
    backup = "UPDATE product SET stock = 7, price = 5.5, name = 'b' WHERE id = 1"
    async with disputed(pair, main, backup) as (both, resolver):
        rule = parse_policy("MERGE", {"stock": "SUM", "price": "MAX"})
        await config.set_policy(both.main, "product", rule, "ann")
        with pytest.raises(MergeIncomplete) as left:
            await resolver.resolve(decision(Resolution.MERGE))
        assert left.value.missing == ("name",)
        done = await resolver.resolve(decision(Resolution.MERGE, values={"name": "c"}))
        assert done.row == {"id": "1", "name": "c", "stock": "5", "price": "6.00", "code": "c1"}
        await both.settle()
        await both.assert_equal("product")


@pytest.mark.parametrize("values", [{"stock": "many"}, {"stock": "-1"}, {"stock": "5", "code": "c2"}])
async def test_postgresql_has_the_last_word_on_a_merged_row(pair: Pair, values: dict[str, str]) -> None:
    async with disputed(pair, *BOTH) as (both, resolver):
        before = [await both.rows(side, "product") for side in Side]
        with pytest.raises(ResolutionRefused) as refused:
            await resolver.resolve(decision(Resolution.MERGE, values=values))
        assert not isinstance(refused.value, MergeIncomplete)
        assert [await both.rows(side, "product") for side in Side] == before
        await resolver.resolve(decision(Resolution.MERGE, values={"stock": "5"}))
        await both.settle()
        await both.assert_equal("product")


async def test_unknown_columns_and_records_are_refused(pair: Pair) -> None:
    async with disputed(pair, *BOTH) as (_, resolver):
        for values in ({"id": "9"}, {"colour": "red"}):
            with pytest.raises(ResolutionRefused, match="no column"):
                await resolver.resolve(decision(Resolution.MERGE, values=values))
        for entity_id in ("2", "77", "x"):
            with pytest.raises((ConflictNotFound, ResolutionRefused)):
                await resolver.resolve(decision(Resolution.MAIN, entity_id))
        with pytest.raises(ConflictNotFound):
            await resolver.resolve(Decision("nothing", "1", Resolution.MAIN, "ann"))


@pytest.mark.parametrize("met", [False, True], ids=["on its way", "met by the link"])
async def test_a_row_that_moved_since_it_was_shown_is_refused_with_its_new_state(
    pair: Pair, *, met: bool
) -> None:
    async with disputed(pair, *BOTH) as (both, resolver):
        version = (await get_conflict(both.main, both.backup, "product", "1")).version
        await both.main.execute("UPDATE product SET stock = 3 WHERE id = 1")
        if met:
            await both.engine.step(Side.MAIN)
        with pytest.raises(ConflictMoved) as moved:
            await resolver.resolve(decision(Resolution.MAIN, version=version))
        current = moved.value.current
        assert current is not None
        assert current.main["stock"] == "3"  # type: ignore[attr-defined]
        if met:
            await both.settle()  # comparing both rows tells nothing new
        await resolver.resolve(decision(Resolution.MAIN, version=current.version))  # type: ignore[attr-defined]
        await both.settle()
        await both.assert_equal("product")
        assert await both.backup.fetchval("SELECT stock FROM product WHERE id = 1") == 3


async def test_a_row_that_an_application_holds_is_not_waited_for_without_end(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cdc.resolve.TRIES", 3)
    async with disputed(pair, *BOTH) as (both, resolver):
        async with both.backup.transaction():
            await both.backup.execute("SELECT FROM product WHERE id = 1 FOR UPDATE")
            with pytest.raises(ConflictMoved, match="being changed"):
                await resolver.resolve(decision(Resolution.MAIN))
        await resolver.resolve(decision(Resolution.MAIN))


@pytest.mark.parametrize("resolution", [Resolution.MAIN, Resolution.BACKUP])
@pytest.mark.parametrize(
    ("main", "backup"),
    [
        ("DELETE FROM product WHERE id = 1", "UPDATE product SET stock = 7 WHERE id = 1"),
        ("UPDATE product SET stock = 7 WHERE id = 1", "DELETE FROM product WHERE id = 1"),
        ("INSERT INTO product VALUES (9, 'a', 1)", "INSERT INTO product VALUES (9, 'b', 2)"),
        ("UPDATE product SET id = 7, code = NULL WHERE id = 1", "UPDATE product SET stock = 7 WHERE id = 1"),
        (
            "UPDATE product SET id = 7, code = NULL WHERE id = 1",
            "UPDATE product SET id = 8, code = NULL WHERE id = 1",
        ),
    ],
)
async def test_rows_that_one_side_lacks(pair: Pair, main: str, backup: str, resolution: Resolution) -> None:
    async with disputed(pair, main, backup) as (both, resolver):
        for _ in range(3):
            page, _ = await list_conflicts(both.main, both.backup)
            for each in page:
                await resolver.resolve(decision(resolution, each.entity_id, version=each.version))
            await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("product")


async def test_many_at_once(pair: Pair) -> None:
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("INSERT INTO product SELECT i, 'n', i FROM generate_series(100, 400) i")
        await both.settle()
        await both.main.execute("UPDATE product SET stock = 1 WHERE id >= 100")
        await both.backup.execute("UPDATE product SET stock = 2 WHERE id >= 100")
        await both.backup.execute("UPDATE product SET name = 'm' WHERE id >= 390")
        await both.main.execute("UPDATE product SET name = 'o' WHERE id >= 390")
        await both.settle()
        async with Resolver(*endpoints(pair)) as resolver:
            done = await resolver.resolve_many(Filter(only_column="stock"), Resolution.BACKUP, by="ann")
            assert (done.resolved, done.refused) == (290, {})
            done = await resolver.resolve_many(
                Filter(entity="product"), Resolution.MERGE, by="ann", values={"stock": "3"}
            )
            assert done.resolved == 0
            assert {type(error) for error in done.refused.values()} == {MergeIncomplete}
            done = await resolver.resolve_many(
                Filter(entity="product"), Resolution.MERGE, by="ann", values={"stock": "3", "name": "x"}
            )
            assert done.resolved == 11
        await both.settle()
        await both.assert_equal("product")
        await both.assert_no_conflicts()
        assert await both.main.fetchval("SELECT sum(stock) FROM product WHERE id >= 100") == 290 * 2 + 33


async def test_many_by_type_and_age_where_the_two_sides_call_it_differently(pair: Pair) -> None:
    """Each link has met the conflict in its own way and at its own time; to people it is one, of one type."""
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("DELETE FROM product")
        await both.backup.execute("UPDATE product SET stock = 7")
        await both.settle()
        kinds = {entry.type for entry in await both.open_conflicts()}
        assert kinds == {"UPDATE_MISSING", "DELETE_ORIGIN_DIFFERS"}
        await both.main.execute(
            "UPDATE cdc.sync_state SET detected_at = detected_at - interval '2 days' WHERE entity_id = '1'"
        )
        page, _ = await list_conflicts(both.main, both.backup)
        assert len({each.type for each in page}) == 1
        shown, other = page[0].type, (kinds - {page[0].type}).pop()
        async with Resolver(*endpoints(pair)) as resolver:
            done = await resolver.resolve_many(Filter(type=other), Resolution.BACKUP, by="ann")
            assert (done.resolved, done.refused) == (0, {})
            old = Filter(before=datetime.now(UTC) - timedelta(days=1))
            page, _ = await list_conflicts(both.main, both.backup, old)
            assert [each.entity_id for each in page] == ["1"]
            done = await resolver.resolve_many(old, Resolution.BACKUP, by="ann")
            assert (done.resolved, done.refused) == (1, {})
            done = await resolver.resolve_many(Filter(type=shown), Resolution.BACKUP, by="ann")
            assert (done.resolved, done.refused) == (2, {})
        await both.settle()
        await both.assert_no_conflicts()
        await both.assert_equal("product")


async def test_pages_end_where_rows_are_large(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdc.conflicts.MOST_BYTES", 1)
    monkeypatch.setattr("cdc.bulk.CHUNK_BYTES", 1)
    async with synced(pair, SCHEMA) as both:
        await both.main.execute("UPDATE product SET stock = 8")
        await both.backup.execute("UPDATE product SET stock = 7")
        await both.settle()
        found, after = [], None
        while True:
            page, after = await list_conflicts(both.main, both.backup, after=after)
            found.append([each.entity_id for each in page])
            if after is None:
                break
        assert found == [["1"], ["2"], ["3"]]
        told: list[int] = []
        async with Resolver(*endpoints(pair)) as resolver:
            await resolver.resolve_many(
                Filter(only_column="stock"),
                Resolution.MAIN,
                by="ann",
                progress=lambda bulk: told.append(bulk.resolved),
            )
        assert told == [1, 2, 3]
        await both.settle()
        await both.assert_equal("product")
