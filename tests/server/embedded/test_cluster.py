from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from server.embedded import Binaries, Cluster, EmbeddedServerError
from server.embedded.process import running
from tests.databases import make_cluster
from tests.server.embedded.running import Program


@pytest.fixture
async def cluster(server_folder: Path) -> AsyncIterator[Cluster]:
    fresh = make_cluster("main", server_folder)
    await fresh.start()
    yield fresh
    await fresh.kill()


async def run_sql(cluster: Cluster, sql: str) -> object:
    connection = await asyncpg.connect(cluster.url())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def psql(cluster: Cluster, sql: str) -> str:
    """What psql prints, in an environment that points elsewhere."""
    command = [str(cluster.place.binaries.psql), cluster.url(), "-Atc", sql]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={"PGPORT": "1"}).stdout


def stranger(cluster: Cluster, command: str) -> subprocess.Popen[bytes]:
    """A process of the server's user. If it ends its number stays taken: nobody fetches the exit code."""
    process = subprocess.Popen(command.split(), cwd="/", **cluster.place.account.switch())
    if command == "true":
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    return process


async def test_data_survives_a_restart(cluster: Cluster) -> None:
    await run_sql(cluster, "CREATE TABLE kept AS SELECT 7 AS seven")
    assert await cluster.stop()
    assert cluster.pid is None
    started = await cluster.start()
    assert (started.created, started.picked_up) == (False, False)
    assert await run_sql(cluster, "SELECT seven FROM kept") == 7


async def test_data_survives_the_death_of_every_process(cluster: Cluster) -> None:
    await run_sql(cluster, "CREATE TABLE kept AS SELECT 7 AS seven")
    await cluster.kill()
    assert cluster.pid is None
    await cluster.start()
    assert await run_sql(cluster, "SELECT seven FROM kept") == 7


async def test_starts_at_once_after_the_postmaster_alone_is_killed(cluster: Cluster) -> None:
    connection = await asyncpg.connect(cluster.url())
    pid = cluster.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await cluster.ended()
    started = await cluster.start()
    assert not started.picked_up
    assert cluster.pid != pid
    connection.terminate()


async def test_a_second_start_finds_it_running(cluster: Cluster) -> None:
    pid = cluster.pid
    assert (await cluster.start()).picked_up
    assert cluster.pid == pid


async def test_settings_are_passed_and_ours_stand(server_folder: Path) -> None:
    cluster = make_cluster("main", server_folder, wal_level="logical", listen_addresses="*")
    await cluster.start()
    assert await run_sql(cluster, "SHOW wal_level") == "logical"
    assert await run_sql(cluster, "SHOW listen_addresses") == ""
    await cluster.kill()


async def test_databases_are_made_once(cluster: Cluster) -> None:
    made = await asyncio.gather(*(cluster.ensure_database('odd "name"/?') for _ in range(3)))
    assert sorted(made) == [False, False, True]
    connection = await asyncpg.connect(cluster.url('odd "name"/?'))
    assert await connection.fetchval("SELECT current_database()") == 'odd "name"/?'
    await connection.close()


async def test_psql_takes_the_url(cluster: Cluster) -> None:
    assert psql(cluster, "SELECT 'hello'") == "hello\n"


async def test_a_server_left_by_a_killed_program_is_picked_up(
    server_folder: Path, program: Callable[..., Program]
) -> None:
    first = program(server_folder)
    left = first.answer()
    assert left["created"]
    first.kill()
    cluster = make_cluster("main", server_folder)
    started = await cluster.start()
    assert started.picked_up
    assert cluster.pid == left["pid"]
    assert cluster.url() == left["url"]
    assert await cluster.stop()


async def test_programs_that_start_together_share_one_server(
    server_folder: Path, program: Callable[..., Program]
) -> None:
    reports = [each.answer() for each in [program(server_folder) for _ in range(3)]]
    assert len({report["pid"] for report in reports}) == 1
    assert [report["created"] for report in reports].count(True) == 1


async def test_the_last_user_stops_it(cluster: Cluster, program: Callable[..., Program]) -> None:
    other = program(cluster.folder)
    assert other.answer()["pid"] == cluster.pid
    assert not await cluster.stop()
    assert cluster.pid is not None
    other.tell("stop")
    assert other.answer() == {"stopped": True}
    assert cluster.pid is None


async def test_a_program_that_died_no_longer_counts_as_a_user(
    cluster: Cluster, program: Callable[..., Program]
) -> None:
    other = program(cluster.folder)
    other.answer()
    other.kill()
    assert await cluster.stop()


@pytest.mark.parametrize("command", ["sleep 60", "true"], ids=["reused number", "dead entry"])
async def test_a_stale_pid_file_is_seen_through(cluster: Cluster, command: str) -> None:
    await cluster.kill()
    other = stranger(cluster, command)
    pid_file = cluster.place.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
    for lock in cluster.place.socket.glob(".s.PGSQL.*.lock"):
        lock.write_text(pid_file.read_text())
    assert running(cluster.place.data) is None
    assert not (await cluster.start()).picked_up
    other.kill()
    other.wait()


async def test_a_half_made_server_is_made_anew(server_folder: Path) -> None:
    cluster = make_cluster("main", server_folder)
    await cluster.start()
    await cluster.stop()
    cluster.place.data.rename(cluster.place.home / "data.new")
    assert (await cluster.start()).created
    await cluster.kill()


async def test_an_unknown_setting_is_named(server_folder: Path) -> None:
    cluster = make_cluster("main", server_folder, no_such_thing="1")
    with pytest.raises(EmbeddedServerError, match="no_such_thing") as caught:
        await cluster.start()
    assert "does not exist in this version" in caught.value.hint


async def test_another_versions_data_is_left_alone(cluster: Cluster) -> None:
    await cluster.stop()
    version = 34 - cluster.version
    other = Cluster(cluster.name, cluster.folder, version=version, elsewhere=cluster.folder / "x")
    with pytest.raises(EmbeddedServerError, match=f"was made by PostgreSQL {cluster.version}"):
        await other.start()


async def test_the_other_embedded_version_runs(server_folder: Path) -> None:
    cluster = Cluster(
        "old", server_folder, version=16, settings={"fsync": "off"}, elsewhere=server_folder / "x"
    )
    await cluster.start()
    assert str(await run_sql(cluster, "SHOW server_version")).startswith("16.")
    await cluster.kill()


async def test_asking_before_the_start_is_an_error(server_folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="has not been started"):
        make_cluster("main", server_folder).url()


async def test_programs_of_another_folder_decide_on_the_version(
    server_folder: Path, open_binaries: Binaries
) -> None:
    cluster = Cluster(
        "named", server_folder, version=16, settings={"fsync": "off"}, programs=open_binaries.folder
    )
    await cluster.start()
    try:
        assert (cluster.version, cluster.place.binaries.folder) == (18, open_binaries.folder)
        assert str(await run_sql(cluster, "SHOW server_version_num")).startswith("18")
    finally:
        await cluster.kill()


async def test_a_folder_without_postgresql_is_named(server_folder: Path) -> None:
    with pytest.raises(EmbeddedServerError, match="postgres is missing"):
        await Cluster("named", server_folder, programs=server_folder).start()
