"""A program that uses a server, for tests that kill it or run it as another user.

Run as `python -m tests.server.embedded.program FOLDER [--uid N] [--wheel FOLDER]`. It starts the server
`main`, prints one line of JSON, and waits. Each line it then reads is a command: `stop` stops the
server and prints whether it did. The end of its input ends it, leaving the server as it is.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures.thread
import encodings.idna
import json
import os
import sys
from pathlib import Path

import asyncpg

from server.embedded import EmbeddedServerError
from tests.databases import make_cluster

LOADED = (concurrent.futures.thread, encodings.idna, asyncpg.pool)
"""Imported now: another user may not be able to read this Python's files."""


def answer(report: dict[str, object]) -> None:
    sys.stdout.write(f"{json.dumps(report)}\n")
    sys.stdout.flush()


async def work(folder: Path) -> None:
    cluster = make_cluster("main", folder)
    try:
        started = await cluster.start()
    except EmbeddedServerError as error:
        answer({"error": str(error), "hint": error.hint})
        return
    connection = await asyncpg.connect(cluster.url())
    version = await connection.fetchval("SHOW server_version")
    await connection.close()
    report = {
        "pid": cluster.pid,
        "url": cluster.url(),
        "created": started.created,
        "picked_up": started.picked_up,
        "version": version,
        "home": str(cluster.place.home),
    }
    answer(report)
    while await asyncio.to_thread(sys.stdin.readline) == "stop\n":
        answer({"stopped": await cluster.stop()})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--wheel")
    given = parser.parse_args()
    if given.wheel:
        sys.path.insert(0, given.wheel)
    if given.uid is not None:
        os.setgroups([])
        os.setgid(given.uid)
        os.setuid(given.uid)
        os.chdir("/")
    asyncio.run(work(given.folder))


if __name__ == "__main__":
    main()
