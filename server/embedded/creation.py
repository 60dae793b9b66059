"""A new server's data directory."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

from server.embedded.account import run
from server.embedded.faults import fault
from server.embedded.place import Place

SUPERUSER = "postgres"
"""The role that initdb makes. The socket's folder decides who may be it."""

_FIRST_WITH_BUILTIN_LOCALE = 17
_FIRST_TO_KEEP_QUIET = 14


async def create(place: Place, *, sync: bool) -> bool:
    """Make the data directory where it is missing. It gets its name only when all of it is there.

    Args:
        place: where, and with which programs.
        sync: whether to wait until it is on the disk.

    Returns:
        Whether it was made.

    Raises:
        EmbeddedServerError: it cannot be made, or is there and another version's.
    """
    version = place.binaries.version
    marker = place.data / "PG_VERSION"
    if marker.exists():
        held = marker.read_text().strip()
        if held != str(version):
            raise fault(
                f"{place.data} was made by PostgreSQL {held}, not {version}",
                hint="move that folder away, or dump it with the old version and restore it into a new one",
            )
        return False
    scratch = place.home / "data.new"
    await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
    # The built-in locale sorts alike on every system; older versions do not know it.
    builtin = version >= _FIRST_WITH_BUILTIN_LOCALE
    locale = ("--locale-provider=builtin", "--locale=C.UTF-8") if builtin else ("--locale=C",)
    options = (
        "-U",
        SUPERUSER,
        "--auth-local=trust",
        "--auth-host=reject",
        "--encoding=UTF8",
        *(("--no-instructions",) if version >= _FIRST_TO_KEEP_QUIET else ()),
        *locale,
    )
    hurry = () if sync else ("--no-sync",)
    initdb = place.binaries.program("initdb")
    code, output = await run(place.account, initdb, "-D", scratch, *options, *hurry, folder=place.home)
    if code != 0:
        raise fault(f"initdb cannot make {place.data}", output)
    scratch.rename(place.data)
    if sync:
        _sync(place.home)
    return True


def _sync(folder: Path) -> None:
    """Put a folder's entries on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
