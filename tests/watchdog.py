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

from server.embedded.process import running, slay


def end(folder: Path) -> None:
    """Kill every server whose data lies below the folder, then remove the folder.

    A start that was under way may still make files for a moment, so this is done until all is gone.
    """
    for _ in range(300):
        for noted in folder.glob("**/data/postmaster.pid"):
            server = running(noted.parent)
            if server is not None:
                slay(server.pid)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.1)


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        sys.stdin.read()
    end(Path(sys.argv[1]))
