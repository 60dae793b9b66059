"""Large windows, page by page: every change once, whatever the cut; and the session is free when it must be."""

from __future__ import annotations

import pytest

from cdc.epoch import epoch
from cdc.errors import ConnectivityError
from cdc.model import Side
from cdc.pages import Pages
from cdc.position import Position, Seen
from cdc.reader import Reader
from cdc.stats import Options
from tests.databases import Pair
from tests.hosts import Connection
from tests.synced import TERMINATE, link_up, synced
from triggers.statements import statement

SCHEMA = "CREATE TABLE t (id int PRIMARY KEY, v text)"


async def snapshot(connection: Connection) -> Seen:
    return Seen.parse(await connection.fetchval("SELECT pg_current_snapshot()::text"))


async def window(pair: Pair) -> Position:
    """A window with a transaction that was open when it began, one that is open at its end, and many others."""
    for side in Side:
        await pair.connection(side).execute(SCHEMA)
    await link_up(pair)
    early, late = await pair.connect(Side.MAIN), await pair.connect(Side.MAIN)
    await early.execute("BEGIN; INSERT INTO t VALUES (1, 'early')")
    begun = await snapshot(pair.main)
    for number in range(2, 12):
        await pair.main.execute("INSERT INTO t VALUES ($1, repeat('x', $1 * 50))", number)
        await early.execute(f"UPDATE t SET v = v || {number} WHERE id = 1")
    await late.execute("BEGIN; INSERT INTO t VALUES (100, 'late')")
    await early.execute("COMMIT")
    return Position(await epoch(pair.main), begun, await snapshot(pair.main), 0)


async def staged(target: Connection) -> list[int]:
    return [row["seq"] for row in await target.fetch("SELECT seq FROM pg_temp.cdc_stage")]


@pytest.mark.parametrize(
    ("rows", "size"), [(1, 10_000), (3, 10_000), (100, 1), (100, 600), (4, 600), (100, 10_000)]
)
async def test_every_change_once_and_in_order_within_the_limits(pair: Pair, rows: int, size: int) -> None:
    position = await window(pair)
    expected = await pair.main.fetch(
        "SELECT seq, coalesce(length(old), 0) + coalesce(length(new), 0) AS size FROM cdc.changelog ORDER BY seq"
    )
    sizes = {row["seq"]: row["size"] for row in expected}
    pages, found = Pages(Reader(await pair.connect(Side.MAIN), batch_rows=rows, batch_bytes=size)), []
    while (loaded := await pages.take(position)) is not None:
        await pair.backup.execute(statement("stage_make", "cdc"))
        source = loaded.stream()
        await pair.backup.copy_to_table("cdc_stage", schema_name="pg_temp", source=source, format="binary")
        page = await staged(pair.backup)
        assert len(page) <= rows
        assert sum(sizes[seq] for seq in page[1:]) <= size
        found += page
        position = position.paged(position.window_to or position.seen, page[-1])
        pages.read_ahead(position)
    assert found == list(sizes)


async def test_what_was_applied_otherwise_may_end_inside_a_page(pair: Pair) -> None:
    position = await window(pair)
    reader = Reader(await pair.connect(Side.MAIN), batch_rows=5)
    pages = Pages(reader)
    assert await pages.take(position) is not None
    pages.read_ahead(position.paged(position.window_to or position.seen, 5))
    await pages.leave()
    assert await reader.connection.fetchval("SELECT 1") == 1, "the session is free"
    loaded = await pages.take(position.paged(position.window_to or position.seen, 7))
    assert loaded is not None
    await pair.backup.execute(statement("stage_make", "cdc"))
    source = loaded.stream()
    await pair.backup.copy_to_table("cdc_stage", schema_name="pg_temp", source=source, format="binary")
    assert await staged(pair.backup) == [8, 9, 10]


@pytest.mark.parametrize("whose", ["reader MAIN", "applier MAIN"])
async def test_cut_off_while_it_reads_ahead(pair: Pair, whose: str) -> None:
    async with synced(pair, SCHEMA, options=Options(batch_rows=50)) as both:
        await both.main.execute("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 500) i")
        for _ in range(3):
            assert (await both.engine.step(Side.MAIN)).more
        side = Side.MAIN if whose.startswith("reader") else Side.BACKUP
        await both.connection(side).execute(f"{TERMINATE} application_name = 'cdc {whose}'")
        with pytest.raises(ConnectivityError):
            await both.settle()
        await both.reopen()
        await both.settle()
        await both.assert_equal("t")
        assert await both.applied(Side.MAIN) == 500
