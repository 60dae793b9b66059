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


class Policy(StrEnum):
    """What is done with a conflict without asking anyone."""

    MANUAL = "MANUAL"
    MAIN_WINS = "MAIN_WINS"
    BACKUP_WINS = "BACKUP_WINS"

    @property
    def winner(self) -> Side | None:
        """The side whose row is kept, None where a person decides."""
        match self:
            case Policy.MAIN_WINS:
                return Side.MAIN
            case Policy.BACKUP_WINS:
                return Side.BACKUP
            case Policy.MANUAL:
                return None


@dataclass(frozen=True, slots=True)
class Entity:
    """A table by its schema and name, as PostgreSQL has them (unquoted)."""

    schema: str
    table: str

    def __str__(self) -> str:
        """The contract's form: the bare name in schema public, else schema.table."""
        return self.table if self.schema == "public" else f"{self.schema}.{self.table}"
