"""Everything the engine raises on purpose.

CdcError
├── ConfigurationError      settings, URLs or command-line arguments that cannot work
├── ConnectivityError       a database cannot be reached; retried without end
├── SessionRefused          a database refuses what a session of ours needs for itself
├── HistoryError            a source's history is not the one the position belongs to
├── PositionMoved           another instance applied the window first; reread the position and go on
├── PositionBusy            the position is locked, by a decision being carried out; try again
├── FirstContactUndecided   both sides hold different data and nobody has named a policy
├── InstallRefused          triggers cannot be installed or removed as asked
├── ConflictNotFound        no open conflict of that record
├── ConflictMoved           the record changed since it was looked at
├── ResolutionRefused       a side cannot hold the row that was decided on
│   └── MergeIncomplete     a merge leaves columns to decide
└── SchemaMismatch          a table cannot be synced until the two schemas agree
    └── KeyUnnamed          changes lack the key that their table has by now

Each carries a `hint`: what the person can do next, in one sentence.
"""

from __future__ import annotations


class CdcError(Exception):
    """Base of all errors raised on purpose. `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        """Take the message for people and the hint that goes with it."""
        super().__init__(message)
        self.hint = hint


class ConfigurationError(CdcError):
    """Settings, URLs or arguments that cannot work together."""


class ConnectivityError(CdcError):
    """A database cannot be reached."""


class SessionRefused(CdcError):
    """A database refuses what a session needs for itself, whatever it is to write."""


class HistoryError(CdcError):
    """The source was replaced, rolled back, promoted or cloned since the position was taken."""


class PositionMoved(CdcError):
    """The stored position is not the one this link read; somebody else applied the window."""


class PositionBusy(CdcError):
    """The stored position is locked by somebody else for the moment; try the batch again."""


class FirstContactUndecided(CdcError):
    """Both sides hold data that differs; a person must name the side that counts."""


class InstallRefused(CdcError):
    """Triggers cannot be installed or removed as asked."""


class ConflictNotFound(CdcError):
    """There is no open conflict of that record."""


class ConflictMoved(CdcError):
    """The record changed since it was looked at; decide again on its new state, `current`."""

    def __init__(self, message: str, *, hint: str = "", current: object | None = None) -> None:
        """Take the message, and the conflict as it is now (`cdc.conflicts.Conflict`) where that is known."""
        super().__init__(message, hint=hint)
        self.current = current


class ResolutionRefused(CdcError):
    """A side cannot hold the row that was decided on."""


class ResolutionPostponed(ResolutionRefused):
    """The table waits until a name stands for the same thing on both sides; it can be decided then."""


class MergeIncomplete(ResolutionRefused):
    """Columns that changed on both sides have neither a strategy nor a value; `missing` names them."""

    def __init__(self, message: str, *, missing: tuple[str, ...], hint: str = "") -> None:
        """Take the message and the columns that are left to decide."""
        super().__init__(message, hint=hint)
        self.missing = missing


class SchemaMismatch(CdcError):
    """A table's two definitions cannot hold the same rows; the other tables go on."""

    def __init__(self, message: str, *, entity: str = "", hint: str = "") -> None:
        """Take what does not fit and the table it is about, in the contract's form."""
        super().__init__(message, hint=hint)
        self.entity = entity


class NameMoved(SchemaMismatch):
    """A name of a table stands for one thing on one side and for another on the other, until that one follows."""


class KeyUnnamed(SchemaMismatch):
    """Changes do not have the columns of the key that their table has by now."""
