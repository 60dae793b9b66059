"""What an S3 server or the way to it says, in words that name the place and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from obstore import exceptions

from cdc.snapshot.errors import SnapshotNotFound, StoreUnreachable, StoreUnwritable

_REFUSED: Final = (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)
_NO_BUCKET: Final = "NoSuchBucket"
_SHOWN: Final = 300


@contextmanager
def translated(place: str, *, missing: SnapshotNotFound | None = None) -> Iterator[None]:
    """Turn the library's errors into the store's.

    Args:
        place: the bucket or file, for the message.
        missing: raised where there is no such object; else that means that there is no such bucket.

    Raises:
        StoreUnwritable: the server refuses us, or has no such bucket.
        StoreUnreachable: the server cannot be reached, or does not work.
        SnapshotNotFound: `missing`.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise missing or _no_bucket(place, error) from None
    except _REFUSED as error:
        raise StoreUnwritable(
            f"{place} does not let us in: {_brief(error)}",
            hint="check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy",
        ) from None
    except (exceptions.BaseError, OSError, ValueError) as error:
        if _NO_BUCKET in str(error):
            raise _no_bucket(place, error) from None
        raise StoreUnreachable(
            f"{place} cannot be used: {_brief(error)}",
            hint="check AWS_ENDPOINT_URL, AWS_REGION and the network; it is tried again with the next snapshot",
        ) from None


def _no_bucket(place: str, error: Exception) -> StoreUnwritable:
    return StoreUnwritable(
        f"{place} is not there: {_brief(error)}", hint="make the bucket, or correct BACKUP_DIR"
    )


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:_SHOWN] if lines else type(error).__name__
