"""Room on the disks that matter: where snapshots are kept, and where the embedded servers have their data."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from server.databases import DATA_FOLDER, Databases
from server.settings import Settings

SNAPSHOTS: Final = "BACKUP_DIR"
DATA: Final = "data"
LOW_BYTES: Final = 1024**3
LOW_SHARE: Final = 0.05
"""Less than both of these is little room."""
SNAPSHOTS_AHEAD: Final = 2
"""Snapshots of the usual size that should fit in any case."""


@dataclass(frozen=True, slots=True)
class Space:
    """A file system as one place sees it: bytes that we may still write, and its size."""

    free: int
    total: int


def places(settings: Settings, databases: Databases) -> dict[str, Path]:
    """Name the folders whose room is watched; buckets have no end."""
    found = {} if "://" in settings.backup_dir else {SNAPSHOTS: Path(settings.backup_dir).absolute()}
    return found | ({DATA: DATA_FOLDER.absolute()} if databases.embedded else {})


def read(folders: Mapping[str, Path]) -> dict[str, Space]:
    """Ask the file systems. Blocks; a folder that is not there yet is asked for where it will be."""
    found = {}
    for name, folder in folders.items():
        there = next((each for each in (folder, *folder.parents) if each.exists()), None)
        if there is not None:
            told = os.statvfs(there)
            found[name] = Space(told.f_bavail * told.f_frsize, told.f_blocks * told.f_frsize)
    return found


def is_low(space: Space, usual: int) -> bool:
    """Whether there is too little room.

    Args:
        space: of one place.
        usual: bytes that a snapshot there usually has; 0 where none is written.
    """
    return space.free < max(usual * SNAPSHOTS_AHEAD, min(LOW_BYTES, int(space.total * LOW_SHARE)))
