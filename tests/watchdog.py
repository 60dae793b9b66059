"""Ends the test servers in a folder and removes it once standard input is closed.

pytest holds the other end of that pipe, so this happens however pytest ends, `kill -9` included.
Run as `python -m tests.watchdog FOLDER`.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from pathlib import Path

from server.embedded.process import is_alive, running, slay


def end(folder: Path) -> None:
    """Kill every server whose data lies below the folder, then remove the folder."""
    pids = []
    for noted in folder.glob("**/data/postmaster.pid"):
        server = running(noted.parent)
        if server is not None:
            pids += slay(server.pid)
    for _ in range(1000):
        if not any(is_alive(pid) for pid in pids):
            break
        time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        sys.stdin.read()
    end(Path(sys.argv[1]))
