"""Stores by their location, and the files in them by what people call them."""

from __future__ import annotations

from typing import Final

from cdc.snapshot.disk import DiskStore
from cdc.snapshot.errors import SnapshotNotFound
from cdc.snapshot.names import is_plain
from cdc.snapshot.s3 import SCHEME, open_s3
from cdc.snapshot.storage import Pending, Source, Store, StoredFile

__all__ = ["Pending", "Source", "Store", "StoredFile", "open_store", "resolve_name"]

_LONGEST_PATH: Final = 4096


def open_store(location: str) -> Store:
    """The store at a location. A folder is made when it is first written to.

    Args:
        location: a folder, or `s3://bucket/prefix`; for that the usual AWS_* variables are read.

    Raises:
        ConfigurationError: the location cannot be used, or needs an extra that is not installed.
    """
    return open_s3(location) if location.startswith(SCHEME) else DiskStore(location)


async def resolve_name(store: Store, filepath: str) -> str:
    """The name in the store of a file that people named.

    Args:
        store: where it must be.
        filepath: as the store gives it, a bare name, or relative to the working folder or to the store.

    Raises:
        SnapshotNotFound: it is not there, or is outside, or no ordinary file; these cannot be told apart.
        StoreError: the store cannot be read.
    """
    name = None
    if len(filepath) <= _LONGEST_PATH and "\x00" not in filepath:
        name = store.resolve(filepath)
    if name is None or not is_plain(name):
        raise SnapshotNotFound(filepath)
    try:
        async with store.open(name):
            return name
    except SnapshotNotFound:
        raise SnapshotNotFound(filepath) from None
