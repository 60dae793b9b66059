"""What goes wrong with snapshot files and where they are stored. Pure.

CdcError
├── SnapshotNotFound        no such file, or one outside the store; the same answer for both
├── SnapshotForeign         the file is no snapshot of ours, or of a newer format
│   └── SnapshotSealed      it is encrypted, and the key is missing or another one
├── SnapshotDamaged         it is one of ours, and not as it was written
├── SnapshotRefused         it is whole, and does not fit the database, or the database cannot be written down
└── StoreError              the store cannot do what was asked
    ├── StoreFull           no room
    ├── StoreUnwritable     read-only, missing, or not ours
    └── StoreUnreachable    a store elsewhere cannot be reached
"""

from __future__ import annotations

from cdc.errors import CdcError


class SnapshotNotFound(CdcError):
    """There is no such file in the store."""

    def __init__(self, filepath: str) -> None:
        """Take what was asked for, as the user wrote it."""
        super().__init__(
            f"there is no snapshot {filepath!r} in the store",
            hint="`cdc snapshots` lists those there are; a file from elsewhere must be put into BACKUP_DIR first",
        )


class SnapshotForeign(CdcError):
    """The file is not a snapshot of ours, or of a format that this version does not know."""


class SnapshotSealed(SnapshotForeign):
    """The file is encrypted, and the key is missing or is not the one it was encrypted with."""


class SnapshotDamaged(CdcError):
    """The file is not as it was written: cut, changed or added to."""

    def __init__(self, reason: str) -> None:
        """Take what is wrong with it."""
        super().__init__(
            f"the snapshot is damaged: {reason}", hint="take another one; `cdc snapshots` lists them"
        )


class SnapshotRefused(CdcError):
    """The file is whole and does not fit the database, or the database cannot be written to one."""


class StoreError(CdcError):
    """The store cannot do what was asked."""


class StoreFull(StoreError):
    """There is no room for another snapshot."""


class StoreUnwritable(StoreError):
    """The store cannot be written to."""


class StoreUnreachable(StoreError):
    """A store elsewhere cannot be reached, or does not let us in."""
