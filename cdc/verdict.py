"""What comparing both databases came to. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableVerdict:
    """How a table compares. `differing`: rows on both sides that are not equal.

    `conflicts`: how many of all those are in an open conflict or put off, so that somebody knows; `moving`: rows
    that changed at every look, or may be under way on a link that does not move; `repaired`: rows made equal;
    `error`: why the table could not be compared.
    """

    entity: str
    rows_main: int = 0
    rows_backup: int = 0
    differing: int = 0
    missing_main: int = 0
    missing_backup: int = 0
    conflicts: int = 0
    moving: int = 0
    repaired: int = 0
    error: str = ""

    @property
    def equal(self) -> bool:
        """Whether both sides hold the same rows, as far as that can be told of rows that move."""
        return not (self.differing or self.missing_main or self.missing_backup or self.error)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was found, by table. `notes` are for people."""

    tables: tuple[TableVerdict, ...]
    notes: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether all tables are."""
        return all(table.equal for table in self.tables)

    @property
    def rows(self) -> int:
        """Rows of MAIN that were compared."""
        return sum(table.rows_main for table in self.tables)
