from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from server.embedded.process import is_alive
from tests.databases import make_cluster
from tests.watchdog import MEMORY_LINE


def watch(folder: Path) -> bool:
    """Run the watchdog as when pytest has been killed: its input is closed. Whether the folder is gone."""
    root = Path(__file__).parent.parent
    subprocess.run(
        [sys.executable, "-m", "tests.watchdog", str(folder)], stdin=subprocess.DEVNULL, check=True, cwd=root
    )
    return not folder.exists()


async def test_servers_end_with_pytest(server_folder: Path) -> None:
    cluster = make_cluster("main", server_folder)
    await cluster.start()
    pid = cluster.pid
    assert pid is not None
    assert watch(server_folder)
    assert not is_alive(pid)


async def test_a_killed_server_leaves_no_memory_behind(server_folder: Path) -> None:
    cluster = make_cluster("main", server_folder)
    await cluster.start()
    number = (cluster.place.data / "postmaster.pid").read_text().splitlines()[MEMORY_LINE].split()[1]
    await cluster.kill()
    assert number in pieces()
    assert watch(server_folder)
    assert number not in pieces()


def pieces() -> list[str]:
    """The numbers of all shared memory of the system."""
    table = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return [line.split()[1] for line in table]
