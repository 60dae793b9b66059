"""The words of the product as values: sides, changes, conflicts. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Image = dict[str, str | None]
"""A row: column name to the value's text as PostgreSQL's output function prints it; None is SQL NULL."""


class Side(StrEnum):
    """One of the two databases that are kept as one."""

    MAIN = "MAIN"
    BACKUP = "BACKUP"

    @property
    def other(self) -> Side:
        """The opposite side."""
        return Side.BACKUP if self is Side.MAIN else Side.MAIN


class Op(StrEnum):
    """Kind of a captured change, as stored in the changelog."""

    INSERT = "I"
    UPDATE = "U"
    DELETE = "D"
    TRUNCATE = "T"
    KEY = "K"
    """Inserted, updated or deleted, recorded by key only: the row is fetched when the change is applied."""


class ConflictType(StrEnum):
    """Why a change could not be applied; the first four are PostgreSQL 18's own names."""

    INSERT_EXISTS = "INSERT_EXISTS"
    UPDATE_ORIGIN_DIFFERS = "UPDATE_ORIGIN_DIFFERS"
    UPDATE_MISSING = "UPDATE_MISSING"
    DELETE_ORIGIN_DIFFERS = "DELETE_ORIGIN_DIFFERS"
    UNIQUE_VIOLATION = "UNIQUE_VIOLATION"
    FOREIGN_KEY_VIOLATION = "FOREIGN_KEY_VIOLATION"
    REJECTED = "REJECTED"
    SCHEMA_MISMATCH = "SCHEMA_MISMATCH"


class ConflictStatus(StrEnum):
    """Where a row of cdc.sync_state stands. DEFERRED is retried by itself and not yet shown as a conflict."""

    DEFERRED = "DEFERRED"
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    CONVERGED = "CONVERGED"


class Resolution(StrEnum):
    """What was decided on a conflict: one side's row, or one made of both."""

    MAIN = "MAIN"
    BACKUP = "BACKUP"
    MERGE = "MERGE"

    @property
    def winner(self) -> Side | None:
        """The side whose row is kept; None for a merge."""
        return None if self is Resolution.MERGE else Side(self.value)


class Policy(StrEnum):
    """What is done with a conflict without asking anyone; cdc.policy has what goes with it."""

    MANUAL = "MANUAL"
    MAIN_WINS = "MAIN_WINS"
    BACKUP_WINS = "BACKUP_WINS"
    LATEST_WINS = "LATEST_WINS"
    MERGE = "MERGE"

    @property
    def winner(self) -> Side | None:
        """The side whose row is kept whatever the rows hold; None where that depends on them or on a person."""
        match self:
            case Policy.MAIN_WINS:
                return Side.MAIN
            case Policy.BACKUP_WINS:
                return Side.BACKUP
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Entity:
    """A table by its schema and name, as PostgreSQL has them (unquoted)."""

    schema: str
    table: str

    def __str__(self) -> str:
        """The contract's form: the bare name in schema public, else schema.table."""
        return self.table if self.schema == "public" else f"{self.schema}.{self.table}"
