"""Snapshot files in a bucket."""

from __future__ import annotations

from typing import Final

from cdc.errors import ConfigurationError
from cdc.snapshot.storage import Store

SCHEME: Final = "s3://"


def open_s3(location: str) -> Store:
    """The store of a bucket.

    Raises:
        ConfigurationError: buckets cannot be used yet.
    """
    raise ConfigurationError(f"{location} cannot be used yet", hint="set BACKUP_DIR to a folder")
