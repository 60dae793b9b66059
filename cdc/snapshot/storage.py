"""What a place for snapshot files can do: a folder or a bucket, with the same guarantees.

A name in a store is only ever a whole file that was read back and found right before it got its name; it is never
written to again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store. `modified_at` is in UTC."""

    name: str
    size_bytes: int
    modified_at: datetime


class Source(Protocol):
    """One file, held open: every reading of it gives the same file, whatever becomes of its name."""

    name: str
    size_bytes: int

    def chunks(self) -> AsyncIterator[bytes]:
        """Its bytes from the start, in pieces of at most a few MiB. May be called again."""
        ...


class Pending(Protocol):
    """A file that is being written and has no name yet."""

    async def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            StoreError: they cannot be stored.
        """
        ...

    async def commit(self, check: Callable[[Source], Awaitable[T]]) -> tuple[str, T]:
        """Make what was written durable, read it back, and give it its name.

        Args:
            check: reads the file as it was stored and raises where it is not right; nothing gets a name then.

        Returns:
            The name, which has a number where another file had it already, and what `check` gave.

        Raises:
            StoreError: the store refused; nothing has a name.
        """
        ...

    async def abort(self) -> None:
        """Remove what was written. May be called at any time, and again; does nothing after `commit`."""
        ...


class Store(Protocol):
    """A place for snapshot files. Every call may raise StoreError."""

    location: str
    """For people: the folder, or `s3://bucket/prefix`."""

    def filepath(self, name: str) -> str:
        """Where a file of that name is, as history and API show it."""
        ...

    def resolve(self, filepath: str) -> str | None:
        """The bare name of what people named; None where that is outside. It need not be there."""
        ...

    async def files(self) -> list[StoredFile]:
        """The files that may be snapshots, going by their names, oldest name first."""
        ...

    def open(self, name: str) -> AbstractAsyncContextManager[Source]:
        """Hold a file open.

        Raises:
            SnapshotNotFound: there is none of that name.
        """
        ...

    async def begin(self, name: str) -> Pending:
        """Begin a new file that is to get this name."""
        ...

    async def remove(self, name: str) -> None:
        """Remove a file.

        Raises:
            SnapshotNotFound: there is none of that name.
        """
        ...

    async def free_bytes(self) -> int | None:
        """How much room there is; None where that is not known."""
        ...

    async def sweep(self) -> list[str]:
        """Remove what killed writers left behind, and say what it was. Files being written stay."""
        ...
