"""A side that is no longer the database that was synced is noticed before anything is applied, and mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from cdc.errors import ConnectivityError, HistoryError, PositionMoved
from cdc.first_contact import first_contact
from cdc.link import Link
from cdc.model import Side
from cdc.prune import prune
from tests.databases import OwnServers
from tests.disasters import TABLES, Twins, copy_data, copy_of, dump, put_back, restore, standby_of
from tests.running import Shell, link_states, until

SIDES = pytest.mark.parametrize("side", list(Side))


@pytest.fixture
async def twins(own_servers: OwnServers, tmp_path: Path) -> AsyncIterator[Twins]:
    """Two linked databases that hold the same rows and have exchanged a few changes."""
    pair = Twins(own_servers, Shell(tmp_path, {}), {side: own_servers.url(side) for side in Side})
    await pair.execute(Side.MAIN, TABLES)
    await pair.link()
    await exchange(pair, "first")
    try:
        yield pair
    finally:
        await pair.close()


async def exchange(twins: Twins, name: str) -> None:
    """Writes on both sides arrive."""
    for side in Side:
        await twins.write(side, f"{name} of {side}")
    await twins.settle()
    await twins.assert_equal()


async def noticed(twins: Twins, words: str) -> None:
    """Neither link starts, and nothing is applied."""
    before = [await twins.rows(side) for side in Side]
    for side in Side:
        link = Link(twins.endpoint(side), twins.endpoint(side.other))
        with pytest.raises(HistoryError, match=words) as caught:
            await link.open()
        assert "cdc resync" in caught.value.hint
        await link.close()
    assert [await twins.rows(side) for side in Side] == before


async def mended(twins: Twins, loser: Side, *, by_command: bool = False) -> None:
    """One command makes both sides equal, and sync goes on both ways."""
    winner = await twins.rows(loser.other)
    if by_command:
        ended = await twins.resync_by_command(loser)
        assert ended.code == 0, ended.err
    else:
        await twins.resync(loser)
    assert await twins.assert_equal() == winner
    await exchange(twins, "mended")


@pytest.mark.parametrize(
    ("side", "ahead"),
    [(Side.MAIN, False), (Side.MAIN, True), (Side.BACKUP, True)],
    ids=["behind", "ahead", "BACKUP"],
)
async def test_a_side_restored_to_yesterday(twins: Twins, side: Side, *, ahead: bool) -> None:
    await twins.close()
    copy = await copy_data(twins.servers.cluster(side))
    await exchange(twins, "second")
    await twins.close()
    await put_back(twins.servers.cluster(side), copy)
    if ahead:
        await twins.write(side, "other", times=50)
    await noticed(twins, f"{side} is not the database .* rolled back")
    await mended(twins, side)


async def test_a_volume_rolled_back_under_a_killed_server_and_its_rows_are_the_right_ones(
    twins: Twins,
) -> None:
    await twins.close()
    copy = await copy_data(twins.servers.main, cleanly=False)
    await exchange(twins, "second")
    await twins.close()
    await put_back(twins.servers.main, copy, cleanly=False)
    await twins.write(Side.MAIN, "other", times=50)
    await noticed(twins, "MAIN is not the database .* rolled back")
    await mended(twins, Side.BACKUP, by_command=True)


@SIDES
async def test_a_side_rolled_back_under_a_running_service(twins: Twins, side: Side) -> None:
    """Its power is cut, it comes back as it was before, and is written to at once: the service stops and says so."""
    await twins.close()
    copy = await copy_data(twins.servers.cluster(side), cleanly=False)
    urls = {"DATABASE_URL": twins.urls[Side.MAIN], "BACKUP_DATABASE_URL": twins.urls[Side.BACKUP]}
    async with twins.shell.service(**urls) as service:
        await service.streaming()
        for each in Side:
            await twins.write(each, f"second of {each}")
        await until(partial(equal, twins))
        others = await twins.rows(side.other)
        await put_back(twins.servers.cluster(side), copy, cleanly=False)
        await twins.write(side, "other", times=50)
        await service.said("link stopped", link="MAIN_TO_BACKUP")
        found = await service.state(lambda status: link_states(status) == {"stopped"})
        assert any("cdc resync" in problem["hint"] for problem in found["problems"])
        assert await twins.rows(side.other) == others
        assert await service.end() == 0
    await mended(twins, side, by_command=True)
    await twins.close()
    async with twins.shell.service(**urls) as service:
        await service.streaming()
        await twins.write(side, "third")
        await until(partial(equal, twins))
        assert await service.end() == 0


async def equal(twins: Twins) -> bool:
    return await twins.rows(Side.MAIN) == await twins.rows(Side.BACKUP)


async def test_the_rolled_back_side_is_noticed_however_long_nothing_was_written_before(twins: Twins) -> None:
    await twins.close()
    copy = await copy_data(twins.servers.main)
    await exchange(twins, "second")
    await pruned(twins, Side.MAIN)
    await twins.close()
    await put_back(twins.servers.main, copy)
    await twins.write(Side.MAIN, "other", times=50)
    await noticed(twins, "MAIN is not the database .* rolled back")


async def pruned(twins: Twins, *sides: Side) -> None:
    """What the other side has applied leaves these sides' changelogs, as it does after some minutes."""
    connections = {side: await asyncpg.connect(twins.urls[side]) for side in Side}
    for side in sides:
        await prune(connections[side], connections[side.other], side, kept_s=0)
    for connection in connections.values():
        await connection.close()


@SIDES
async def test_a_target_rolled_back_behind_what_its_source_has_pruned(twins: Twins, side: Side) -> None:
    await twins.close()
    copy = await copy_data(twins.servers.cluster(side))
    await twins.write(side.other, "second")
    await twins.settle()
    await twins.write(side.other, "third")
    await twins.settle()
    await pruned(twins, side.other)
    await twins.close()
    await put_back(twins.servers.cluster(side), copy)
    await noticed(twins, "was rolled back")
    await mended(twins, side)


async def test_a_target_rolled_back_a_little(twins: Twins) -> None:
    """It is a source as well, and what it wrote until then may be lost."""
    await twins.close()
    copy = await copy_data(twins.servers.backup)
    await twins.write(Side.MAIN, "second")
    await twins.settle()
    await twins.close()
    await put_back(twins.servers.backup, copy)
    await noticed(twins, "BACKUP is not the database .* rolled back")
    await mended(twins, Side.BACKUP)


async def test_a_source_rolled_back_behind_nothing_that_was_applied_goes_on(twins: Twins) -> None:
    await twins.close()
    copy = await copy_data(twins.servers.main)
    await twins.write(Side.MAIN, "never applied")
    await put_back(twins.servers.main, copy)
    await twins.write(Side.MAIN, "second")
    await twins.settle()
    await twins.assert_equal()


@SIDES
async def test_a_promoted_standby(twins: Twins, side: Side, server_folder: Path) -> None:
    await twins.close()
    standby = await standby_of(twins.servers.cluster(side), server_folder)
    try:
        there = standby.url("shop")
        twins.urls[side] = there
        with pytest.raises(ConnectivityError, match=f"{side} .*standby"):
            await twins.open()
        await twins.servers.cluster(side).kill()
        connection = await asyncpg.connect(there)
        assert await connection.fetchval("SELECT pg_promote()")
        await connection.close()
        await standby.start()
        await noticed(twins, f"{side} is not the database .* promoted")
        await mended(twins, side.other)
    finally:
        await standby.kill()


@SIDES
async def test_a_dump_restored_into_another_database(twins: Twins, side: Side, tmp_path: Path) -> None:
    await twins.write(side, "not applied yet")
    await twins.close()
    await dump(twins.urls[side], tmp_path / "dump")
    await twins.servers.make_database(side, "restored")
    twins.urls[side] = twins.servers.url(side, "restored")
    await restore(tmp_path / "dump", twins.urls[side])
    await noticed(twins, f"{side} is not the database")
    await mended(twins, side)


@pytest.mark.parametrize(
    ("side", "loser"), [(Side.MAIN, Side.MAIN), (Side.MAIN, Side.BACKUP), (Side.BACKUP, Side.BACKUP)]
)
async def test_a_dump_restored_on_a_younger_server(
    twins: Twins, side: Side, loser: Side, tmp_path: Path
) -> None:
    """Its changelog brings the numbers of transactions that are still to come there; so do both sides' notes."""
    await twins.execute(side, *["SELECT pg_current_xact_id()"] * 300)
    await exchange(twins, "later")
    await twins.write(side, "not applied yet")
    await twins.execute(side, "DELETE FROM log; DELETE FROM item WHERE id > 10")
    await twins.execute(
        side.other,
        "INSERT INTO cdc.sync_state (source, entity, entity_id, type, status, subsumed)"
        f" SELECT '{side}', 'item', i::text, 'INSERT_EXISTS', 'RESOLVED', '900000:900000:'::pg_snapshot"
        " FROM generate_series(1, 20) i",
    )
    await pruned(twins, *Side)
    await twins.close()
    await dump(twins.urls[side], tmp_path / "dump")
    await twins.servers.make_database(side.other, "restored")
    twins.urls[side] = twins.servers.url(side.other, "restored")
    await restore(tmp_path / "dump", twins.urls[side])
    await twins.execute(side, "INSERT INTO item SELECT i, 'back again' FROM generate_series(11, 20) i")
    await noticed(twins, f"{side} is not the database")
    await mended(twins, loser)


async def test_a_dump_restored_in_its_own_place(twins: Twins, tmp_path: Path) -> None:
    await dump(twins.urls[Side.MAIN], tmp_path / "dump")
    await exchange(twins, "second")
    await twins.close()
    await twins.execute(Side.MAIN, "DROP SCHEMA cdc CASCADE", "DROP TABLE item, log")
    await restore(tmp_path / "dump", twins.urls[Side.MAIN])
    await noticed(twins, "MAIN is not the database .* rolled back")
    await mended(twins, Side.BACKUP)


@SIDES
async def test_a_clone_beside_the_original(twins: Twins, side: Side) -> None:
    await twins.close()
    original = twins.urls[side]
    await twins.servers.make_database(side, "clone", "shop")
    twins.urls[side] = twins.servers.url(side, "clone")
    await twins.write(side, "in the clone")
    await noticed(twins, f"{side} is not the database .* cloned")
    twins.urls[side] = original
    await exchange(twins, "the original goes on")
    twins.urls[side] = twins.servers.url(side, "clone")
    await noticed(twins, f"{side} is not the database .* cloned")
    await mended(twins, side)
    twins.urls[side] = original
    await noticed(twins, "is not the database .* made equal anew")


@pytest.mark.parametrize("exchanged", [False, True])
async def test_a_copy_of_the_servers_files_beside_the_original(twins: Twins, *, exchanged: bool) -> None:
    """Even the system's identifier is the same; from the first link on that one of them alone knows it is seen."""
    await twins.close()
    copy = await copy_data(twins.servers.main)
    if exchanged:
        await exchange(twins, "on the original")
    else:
        await twins.open()
    await twins.close()
    original = twins.servers.main.place.home / "original"
    await twins.servers.main.stop()
    twins.servers.main.place.data.rename(original)
    copy.rename(twins.servers.main.place.data)
    await twins.servers.main.start()
    await twins.write(Side.MAIN, "on the copy", times=50)
    await noticed(twins, "MAIN is not the database .* rolled back")
    await put_back(twins.servers.main, original)
    await exchange(twins, "on the original again")


@SIDES
async def test_a_copy_of_a_running_servers_files_that_is_synced_at_once_with_the_original(
    twins: Twins, side: Side, server_folder: Path
) -> None:
    """Nothing tells the two apart but which was linked last: that one goes on, the other stops."""
    beside = await copy_of(twins.servers.cluster(side), server_folder)
    try:
        copied = Twins(twins.servers, twins.shell, {**twins.urls, side: beside.url("shop")})
        await copied.open()
        await twins.execute(side, "INSERT INTO item VALUES (100, 'not seen by the copy')")
        await copied.execute(side, *["SELECT pg_current_xact_id()"] * 300)
        await copied.settle()  # moves the position, and brings no change by which the two could be told apart
        with pytest.raises(PositionMoved):
            await twins.settle()
        await twins.close()
        await noticed(twins, f"{side} is not the database .* copy of its files")
        await exchange(copied, "the copy goes on")
        await noticed(twins, f"{side} is not the database")
        await copied.close()
        await mended(twins, side.other)
        assert 100 in await numbers(twins, side.other)
        await noticed(copied, "is not the database .* made equal anew")
    finally:
        await beside.kill()


async def test_a_copy_from_before_a_resync_is_not_taken_for_what_came_out_of_it(twins: Twins) -> None:
    await twins.close()
    copy = await copy_data(twins.servers.main)
    await twins.resync(Side.BACKUP)
    await put_back(twins.servers.main, copy)
    await twins.write(Side.MAIN, "other", times=50)
    await noticed(twins, "is not the database .* made equal anew")


async def test_a_copy_of_main_as_backup(twins: Twins) -> None:
    await twins.close()
    await twins.servers.make_database(Side.MAIN, "clone", "shop")
    twins.urls[Side.BACKUP] = twins.servers.url(Side.MAIN, "clone")
    with pytest.raises(Exception, match="installed as MAIN") as caught:
        await first_contact(twins.endpoint(Side.MAIN), twins.endpoint(Side.BACKUP), None, lambda *_: None)
    assert "cdc resync BACKUP" in getattr(caught.value, "hint", "")
    await mended(twins, Side.BACKUP)


async def test_exchanged_urls_are_not_taken_for_copies(twins: Twins) -> None:
    await twins.close()
    twins.urls = {side: twins.urls[side.other] for side in Side}
    before = await twins.rows(Side.MAIN)
    ended = await twins.resync_by_command(Side.BACKUP)
    assert ended.code == 1
    assert "installed as" in ended.err
    assert await twins.rows(Side.MAIN) == before


@SIDES
async def test_a_crash_takes_back_nothing_that_the_other_side_has(twins: Twins, side: Side) -> None:
    """Asynchronous commits are visible at once and durable later: the reader does not run ahead of the disk."""
    cluster = twins.servers.cluster(side)
    await flush_rarely(twins, side)
    lost = 0
    for attempt in range(8):
        writer = await asyncpg.connect(twins.urls[side])
        for number in range(3):
            await writer.execute("INSERT INTO item VALUES ($1, 'written')", 1000 + attempt * 10 + number)
        engine = twins.engine or await twins.open()
        if attempt % 3:
            await engine.step(side)
        more = [writer.execute("INSERT INTO item VALUES ($1, 'more')", 1005 + attempt * 10)]
        if attempt % 2:
            more.append(engine.step(side))
        await asyncio.gather(*more)
        await cluster.kill()
        writer.terminate()
        await twins.close()
        await cluster.start()
        here, there = set(await twins.rows(side)), set(await twins.rows(side.other))
        assert there <= here
        await twins.settle()
        lost += 1005 + attempt * 10 not in await numbers(twins, side)
        await twins.assert_equal()
    assert lost, "no crash took anything back: this test shows nothing"


@SIDES
@pytest.mark.parametrize("pruned", [False, True])
async def test_what_a_crash_of_the_target_takes_back_is_applied_again(
    twins: Twins, side: Side, *, pruned: bool
) -> None:
    """Links commit without waiting for the disk. Before a source forgets what was applied, it is on disk."""
    cluster = twins.servers.cluster(side.other)
    await flush_rarely(twins, side.other)
    lost = 0
    for attempt in range(4):
        await twins.write(side, f"attempt {attempt}")
        engine = twins.engine or await twins.open()
        await engine.step(side)
        before = await twins.rows(side.other)
        if pruned:
            source, target = [await asyncpg.connect(twins.urls[each]) for each in (side, side.other)]
            assert await prune(source, target, side, kept_s=0) > 0
            source.terminate()
            target.terminate()
        await cluster.kill()
        await twins.close()
        await cluster.start()
        lost += await twins.rows(side.other) != before
        await twins.settle()
        assert f"attempt {attempt}" in str(await twins.assert_equal())
    assert pruned == (lost == 0), "no crash took anything back: this test shows nothing"


async def flush_rarely(twins: Twins, side: Side) -> None:
    """Have a server write what was committed asynchronously to disk as late as it can."""
    settings = ("wal_writer_delay = '10s'", "synchronous_commit = off")
    changes = [f"ALTER SYSTEM SET {each}" for each in settings]
    await twins.servers.administer(side, *changes, "SELECT pg_reload_conf()")


async def numbers(twins: Twins, side: Side) -> set[int]:
    connection = await asyncpg.connect(twins.urls[side])
    try:
        return {row["id"] for row in await connection.fetch("SELECT id FROM item")}
    finally:
        await connection.close()
