"""Snapshot files in a bucket of S3 or what speaks like it: uploaded beside their name, read back, then copied to it.

The copy is a multipart upload that the server completes only where nothing has the name yet. A part of it has at
most 5 GiB, and so has a snapshot here.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import obstore
from obstore.store import S3Store

from cdc.errors import ConfigurationError
from cdc.snapshot.bucket_faults import translated
from cdc.snapshot.bucket_pending import BucketPending
from cdc.snapshot.bucket_source import BucketSource
from cdc.snapshot.errors import SnapshotNotFound
from cdc.snapshot.names import is_listed, is_plain
from cdc.snapshot.storage import Pending, Source, StoredFile

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_CREATE_ONLY: Final = "AWS_COPY_IF_NOT_EXISTS"
_RETRIES: Final = 4
_ABANDONED: Final = timedelta(hours=6)
"""No upload is checked and copied for as long as this."""


class BucketStore:
    """A bucket, or what is below a prefix of one."""

    def __init__(self, location: str) -> None:
        """Take `s3://bucket/prefix`; the rest comes from the environment.

        Raises:
            ConfigurationError: the environment cannot be used.
        """
        split = urlsplit(location)
        prefix = split.path.strip("/")
        self.location = f"s3://{split.netloc}/{prefix}".rstrip("/")
        endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
        try:
            self._store = S3Store(
                split.netloc,
                prefix=prefix or None,
                # Cloudflare's R2 needs another way; the variable says which.
                config={} if os.environ.get(_CREATE_ONLY) else {"copy_if_not_exists": "multipart"},
                client_options={
                    "allow_http": endpoint.startswith("http://"),
                    "connect_timeout": timedelta(seconds=10),
                    "timeout": timedelta(minutes=5),
                },
                retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(minutes=1)},
            )
        except (obstore.exceptions.BaseError, ValueError) as error:
            raise ConfigurationError(
                f"{self.location} cannot be used: {error}", hint="check the AWS_* variables"
            ) from None

    def filepath(self, name: str) -> str:
        """Where a file of that name is."""
        return f"{self.location}/{name}"

    def resolve(self, filepath: str) -> str | None:
        """The bare name of an object right below the prefix; None for any other."""
        name = filepath.removeprefix(f"{self.location}/")
        return name if is_plain(name) else None

    async def files(self) -> list[StoredFile]:
        """The objects that are called like snapshots, in the order of their names."""
        return [file for file in await self._all() if is_listed(file.name)]

    async def _all(self) -> list[StoredFile]:
        with translated(self.location):
            found = await obstore.list_with_delimiter_async(self._store)
        files = [
            StoredFile(one["path"].rpartition("/")[2], one["size"], one["last_modified"].astimezone(UTC))
            for one in found["objects"]
        ]
        return sorted(files, key=lambda file: file.name)

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[Source]:
        """Keep to one object as it is now; should it be replaced meanwhile, reading it fails.

        Raises:
            SnapshotNotFound: there is none of that name.
            StoreError: the server does not give it.
        """
        if not is_plain(name):
            raise SnapshotNotFound(name)
        with translated(self.filepath(name), missing=SnapshotNotFound(name)):
            source = await BucketSource.of(self._store, name)
        yield source

    async def begin(self, name: str) -> Pending:
        """Begin an upload under a temporary name."""
        temporary = f".{name}.{secrets.token_hex(6)}.tmp"
        return BucketPending(self._store, self.location, name, temporary)

    async def remove(self, name: str) -> None:
        """Remove an object.

        Raises:
            SnapshotNotFound: there is none of that name.
            StoreError: the server refuses.
        """
        async with self.open(name):
            pass
        with translated(self.filepath(name)):
            await obstore.delete_async(self._store, [name])

    async def free_bytes(self) -> int | None:
        """Nobody knows."""
        return None

    async def sweep(self) -> list[str]:
        """Remove uploads that were completed and then abandoned; the server's own rules end those that were not."""
        before = datetime.now(UTC) - _ABANDONED
        removed = []
        for file in await self._all():
            if file.name.startswith(".") and file.name.endswith(".tmp") and file.modified_at < before:
                with suppress(FileNotFoundError), translated(self.filepath(file.name)):
                    await obstore.delete_async(self._store, [file.name])
                    removed.append(file.name)
        return removed
