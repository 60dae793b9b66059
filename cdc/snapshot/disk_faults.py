"""What the operating system says about files, in words that name the place and what to do. Pure."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cdc.snapshot.errors import SnapshotNotFound, StoreError, StoreFull, StoreUnwritable

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# A symbolic link, a device or a folder in a file's place is answered like a missing file.
_MISSING: Final = {errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.ENAMETOOLONG}


@contextmanager
def translated(place: str, *, missing: SnapshotNotFound | None = None) -> Iterator[None]:
    """Turn OSError into the store's errors; FileNotFoundError goes through where `missing` is not given.

    Args:
        place: the folder or file, for the message.
        missing: raised where there is no ordinary file.

    Raises:
        StoreFull: there is no room.
        StoreUnwritable: anything else is in the way.
        SnapshotNotFound: `missing`.
    """
    try:
        yield
    except OSError as error:
        if missing is not None and error.errno in _MISSING:
            raise missing from None
        raise of(error, place) from error


def of(error: OSError, place: str) -> StoreError:
    """The store's error for one of the operating system's."""
    said = error.strerror or type(error).__name__
    if error.errno in _FULL:
        return StoreFull(
            f"no room in {place}: {said}",
            hint="free some space, keep fewer snapshots (BACKUP_RETENTION_DAYS, BACKUP_MAX_BYTES), or set"
            " BACKUP_DIR to a larger disk; the snapshots that are there are untouched",
        )
    return StoreUnwritable(
        f"{place} cannot be used: {said}",
        hint="BACKUP_DIR must be a folder that the service's user may read and write",
    )
