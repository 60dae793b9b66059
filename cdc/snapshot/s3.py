"""The way to snapshot files in a bucket, which needs a library that is not always there."""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Final, cast

from cdc.errors import ConfigurationError
from cdc.snapshot.storage import Store

SCHEME: Final = "s3://"
_LIBRARY: Final = "obstore"


def open_s3(location: str) -> Store:
    """The store of a bucket. Keys, region and endpoint come from the environment: AWS_*.

    Args:
        location: `s3://bucket` or `s3://bucket/prefix`.

    Raises:
        ConfigurationError: the library is not installed, or the environment cannot be used.
    """
    if find_spec(_LIBRARY) is None:
        raise ConfigurationError(
            f"BACKUP_DIR is {location}, and the library for buckets is not installed",
            hint="pip install 'cdc[s3]', or set BACKUP_DIR to a folder",
        )
    bucket = importlib.import_module("cdc.snapshot.bucket")
    return cast("Store", bucket.BucketStore(location))
