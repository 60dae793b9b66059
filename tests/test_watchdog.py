from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from server.embedded.process import is_alive
from tests.databases import make_cluster


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
