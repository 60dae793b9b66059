"""Whether a snapshot file is whole: every byte, every count, every checksum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdc.snapshot.format import Footer, Header
from cdc.snapshot.progress import Progress
from cdc.snapshot.reading import read_snapshot
from cdc.snapshot.storage import Source, Store


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that was read from end to end and is as it was written. `sha256` is that of the file itself."""

    header: Header
    footer: Footer
    size_bytes: int
    sha256: str


async def verify_file(
    store: Store,
    name: str,
    *,
    key: bytes | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Verified:
    """Read a file of a store from end to end and check everything about it.

    Args:
        store: where it is.
        name: its name there.
        key: the secret that encrypted files are read with.
        progress: told how far it is.

    Raises:
        SnapshotNotFound: there is no such file.
        SnapshotForeign: it is none of ours, or encrypted and not readable with this key.
        SnapshotDamaged: it is not as it was written.
        StoreError: the store refuses to give it.
    """
    async with store.open(name) as source:
        return await verify_source(source, key=key, progress=progress)


async def verify_source(
    source: Source, *, key: bytes | None = None, progress: Callable[[Progress], None] | None = None
) -> Verified:
    """The same for a file that is held open, so that what is verified is what is read after.

    Raises:
        SnapshotForeign: as for `verify_file`.
        SnapshotDamaged: as for `verify_file`.
        StoreError: as for `verify_file`.
    """
    done = 0
    async with read_snapshot(source, key=key) as reader:
        async for rows in reader.rows():
            done += rows.count
            if progress is not None:
                progress(Progress("VERIFYING", rows.table.entity, done, None))
        return Verified(reader.header, reader.footer, source.size_bytes, reader.sha256)
