"""Operations: what is done to snapshots and databases on demand or by the clock, and the record of it."""

from server.operations.errors import (
    OperationBusy,
    OperationNotFound,
    OperationsDisabled,
    SnapshotPinned,
)
from server.operations.operations import Operations
from server.operations.request import RestoreRequest

__all__ = [
    "OperationBusy",
    "OperationNotFound",
    "Operations",
    "OperationsDisabled",
    "RestoreRequest",
    "SnapshotPinned",
]
