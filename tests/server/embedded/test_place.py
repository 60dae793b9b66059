from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from server.embedded import Binaries, Cluster, EmbeddedServerError, binaries
from server.embedded.account import Account, run
from server.embedded.binaries import copied, runs
from tests.databases import make_cluster
from tests.server.embedded.running import Program

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="shows what happens as root")
NOBODY = 65534
STRANGER = Account(12345, 12345)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(*paths: Path) -> dict[Path, tuple[int, int]]:
    """Mode and owner of folders and of all that they lie in."""
    wanted = {step for path in paths for step in (path, *path.parents)}
    return {step: (step.stat().st_mode, step.stat().st_uid) for step in wanted}


async def check_answers(cluster: Cluster) -> None:
    connection = await asyncpg.connect(cluster.url())
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_folders_are_the_servers_users_alone_and_nothing_else_changes(server_folder: Path) -> None:
    clone = server_folder / "clone"
    clone.mkdir()
    before = modes(clone, binaries().folder)
    cluster = make_cluster("main", clone / ".data")
    await cluster.start()
    place = cluster.place
    assert {mode(place.home), mode(place.data), mode(place.socket)} == {0o700}
    assert {path.stat().st_uid for path in (place.home, place.data, place.socket)} == {place.account.uid}
    assert place.home == clone / ".data" / "main"
    assert mode(cluster.log) == 0o600
    assert modes(clone, binaries().folder) == before
    await cluster.kill()


@as_root
async def test_other_users_cannot_connect(server_folder: Path, open_binaries: Binaries) -> None:
    cluster = make_cluster("main", server_folder)
    await cluster.start()
    psql = open_binaries.psql
    code, output = await run(STRANGER, psql, cluster.url(), "-c", "SELECT 1", folder=Path("/"))
    assert code != 0
    assert "Permission denied" in output
    code, output = await run(cluster.place.account, psql, cluster.url(), "-c", "SELECT 1", folder=Path("/"))
    assert code == 0
    await cluster.kill()


@as_root
async def test_a_clone_that_others_cannot_enter_stays_closed(server_folder: Path) -> None:
    closed = server_folder / "root"
    closed.mkdir(mode=0o700)
    before = modes(closed)
    elsewhere = server_folder / "elsewhere"
    cluster = Cluster("main", closed / "clone" / ".data", settings={"fsync": "off"}, elsewhere=elsewhere)
    started = await cluster.start()
    await check_answers(cluster)
    home = cluster.place.home
    assert home.parent == elsewhere
    assert any(str(home) in note for note in started.notes)
    assert modes(closed) == before
    await cluster.stop()
    again = Cluster("main", closed / "clone" / ".data", settings={"fsync": "off"}, elsewhere=elsewhere)
    assert not (await again.start()).created
    assert again.place.home == home
    await again.kill()


@as_root
async def test_a_copy_of_a_closed_clone_gets_data_of_its_own(server_folder: Path) -> None:
    elsewhere = server_folder / "elsewhere"
    for name in ("one", "two"):
        (server_folder / name).mkdir(mode=0o700)
    one = Cluster("main", server_folder / "one" / ".data", settings={"fsync": "off"}, elsewhere=elsewhere)
    await one.start()
    (server_folder / "two" / ".data").mkdir()
    (server_folder / "two" / ".data" / "main.location").write_text(f"{one.place.home}\n")
    two = Cluster("main", server_folder / "two" / ".data", settings={"fsync": "off"}, elsewhere=elsewhere)
    assert (await two.start()).created
    assert two.place.home != one.place.home
    await one.kill()
    await two.kill()


@as_root
async def test_programs_that_the_servers_user_cannot_reach_are_copied(
    server_folder: Path, open_binaries: Binaries
) -> None:
    closed = server_folder / "closed"
    closed.mkdir(mode=0o700)
    wheel = open_binaries.folder.parent.parent
    hidden = await copied(open_binaries, Account(0, 0), closed)
    assert not await runs(hidden, STRANGER)
    copy = await copied(hidden, STRANGER, server_folder)
    assert await runs(copy, STRANGER)
    assert mode(closed) == 0o700
    assert mode(copy.psql) == 0o755
    assert wheel != copy.folder.parent.parent
    assert await copied(hidden, STRANGER, server_folder) == copy


async def test_an_ordinary_user_is_the_servers_user(
    server_folder: Path, open_binaries: Binaries, program: Callable[..., Program]
) -> None:
    folder = server_folder / "theirs"
    folder.mkdir()
    words: list[str | Path] = [folder / ".data", "--wheel", open_binaries.folder.parent.parent.parent]
    uid = os.geteuid()
    if uid == 0:
        uid = NOBODY
        os.chown(folder, uid, uid)
        words += ["--uid", str(uid)]
    report = program(*words).answer()
    home = Path(report["home"])
    assert home == folder / ".data" / "main"
    assert {path.stat().st_uid for path in (home, home / "data", home / "socket")} == {uid}
    assert mode(folder / ".data") == 0o700
    # Root comes along later: the data keep their owner.
    cluster = make_cluster("main", folder / ".data")
    assert (await cluster.start()).picked_up
    await cluster.kill()
    await cluster.start()
    assert (home / "data" / "postmaster.pid").stat().st_uid == uid
    await cluster.kill()


@as_root
async def test_a_folder_of_another_user_is_refused_with_a_hint(
    server_folder: Path, open_binaries: Binaries, program: Callable[..., Program]
) -> None:
    report = program(
        server_folder, "--uid", str(NOBODY), "--wheel", open_binaries.folder.parent.parent.parent
    ).answer()
    assert str(server_folder) in report["error"]
    assert "run it as that user" in report["hint"]


@pytest.mark.parametrize("name", ["x" * 90, "with space, comma and %"])
async def test_paths_that_no_socket_can_have(server_folder: Path, name: str) -> None:
    cluster = make_cluster("main", server_folder / name)
    await cluster.start()
    await check_answers(cluster)
    socket = cluster.place.socket
    assert not socket.is_relative_to(server_folder)
    assert mode(socket) == 0o700
    assert await cluster.stop()
    socket.rmdir()


@pytest.mark.parametrize("kind", ["link", "file"])
async def test_a_socket_folder_laid_out_by_someone_else_is_refused(server_folder: Path, kind: str) -> None:
    cluster = make_cluster("main", server_folder / ("y" * 90))
    await cluster.start()
    await cluster.stop()
    socket = cluster.place.socket
    socket.rmdir()
    if kind == "link":
        socket.symlink_to(server_folder)
    else:
        socket.touch()
    with pytest.raises(EmbeddedServerError, match="belongs to another user"):
        await cluster.start()
    socket.unlink()
