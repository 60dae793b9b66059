"""What operations are refused for, before anything has begun."""

from __future__ import annotations

from cdc.errors import CdcError


class OperationBusy(CdcError):
    """Another operation runs. `running` is the id of its entry, None in the instant before it has one."""

    def __init__(self, message: str, *, running: int | None, hint: str = "") -> None:
        """Take which operation is in the way."""
        super().__init__(message, hint=hint)
        self.running = running


class OperationsDisabled(CdcError):
    """ENABLE_BACKUP_SERVICE is false, so nothing is written."""


class OperationNotFound(CdcError):
    """The history has no entry of that id."""


class SnapshotPinned(CdcError):
    """The file is to be kept, or is being read."""
