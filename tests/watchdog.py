"""Ends the test servers in a folder and removes it once standard input is closed.

pytest holds the other end of that pipe, so this happens however pytest ends, `kill -9` included.
Run as `python -m tests.watchdog FOLDER`.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from server.embedded.process import running, slay

MEMORY_LINE: Final = 6
"""Of `postmaster.pid`: key and number of the server's shared memory."""


def end(folder: Path) -> None:
    """Kill every server whose data lies below the folder, then remove the folder.

    A start that was under way may still make files for a moment, so this is done until all is gone.
    """
    for _ in range(300):
        for noted in folder.glob("**/data/postmaster.pid"):
            server = running(noted.parent)
            if server is not None:
                slay(server.pid)
            release_memory(noted)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        time.sleep(0.1)


def release_memory(pid_file: Path) -> None:
    """Remove the shared memory that a killed server has left; a system has room for some thousand pieces."""
    lines = pid_file.read_text().splitlines() if pid_file.exists() else []
    _, _, number = lines[MEMORY_LINE].rpartition(" ") if len(lines) > MEMORY_LINE else ("", "", "")
    if number.isdigit():
        subprocess.run(["ipcrm", "-m", number], stderr=subprocess.DEVNULL, check=False)


if __name__ == "__main__":
    with contextlib.suppress(OSError, KeyboardInterrupt):
        sys.stdin.read()
    end(Path(sys.argv[1]))
