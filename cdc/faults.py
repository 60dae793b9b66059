"""Tells what an error of the target says about one row from what it says about the whole connection. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cdc.model import ConflictType


class Blame(Enum):
    """Whose fault an error is."""

    ROW = auto()
    """This row cannot be written as things are: keep it, go on with the others."""
    LOCK = auto()
    """Somebody else holds what is needed: try again soon."""
    SHAPE = auto()
    """The table is not what it was when the statement was made: read it anew. If that does not help: a row's."""
    LINK = auto()
    """Nothing to do with a row: stop, report, retry the whole batch."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error, judged."""

    blame: Blame
    type: ConflictType = ConflictType.REJECTED


_EXACT = {
    "23505": Fault(Blame.ROW, ConflictType.UNIQUE_VIOLATION),
    "23503": Fault(Blame.ROW, ConflictType.FOREIGN_KEY_VIOLATION),
    "23001": Fault(Blame.ROW, ConflictType.FOREIGN_KEY_VIOLATION),
    "55P03": Fault(Blame.LOCK),
    "40P01": Fault(Blame.LOCK),
    "40001": Fault(Blame.LOCK),
    "42703": Fault(Blame.SHAPE),
    "42P01": Fault(Blame.SHAPE),
    "42704": Fault(Blame.SHAPE),
    "42804": Fault(Blame.SHAPE),
    "428C9": Fault(Blame.SHAPE),
    "0A000": Fault(Blame.SHAPE),
    "54000": Fault(Blame.ROW),
    "54001": Fault(Blame.ROW),  # a function of the table's own that calls itself without end
    "55000": Fault(
        Blame.ROW
    ),  # published without a replica identity; currval() and the like in a function of the table's own
    # What a value, or a function of the table's own, names and is not there; a right that was taken away.
    "42501": Fault(Blame.SHAPE),
    "42883": Fault(Blame.SHAPE),
    "42602": Fault(Blame.SHAPE),
    "42P10": Fault(Blame.SHAPE),
    "3F000": Fault(Blame.SHAPE),
}
# Data exceptions, constraint violations, what triggers raise (RAISE is P0001), check options of views; what functions
# in checks and triggers run into: a CASE without a branch, a subquery of several rows, errors of routines.
_ROW_CLASSES = ("22", "23", "27", "44", "P0", "09", "20", "21", "2F", "38", "39")
# All that PostgreSQL itself uses. RAISE may give any other: that is an application's own.
_SERVER_CLASSES = (
    "00 01 02 03 08 0A 0B 0F 0L 0P 0Z 10 24 25 26 28 2B 2D 34 3B 3D 3F 40 42 53 54 55 57 58 72 F0 HV XX"
)


def judge(sqlstate: str | None) -> Fault:
    """Judge an error by its SQLSTATE (manual, appendix A). One that is missing is the link's."""
    code = sqlstate or ""
    if code in _EXACT:
        return _EXACT[code]
    its_own = bool(code) and code[:2] not in _SERVER_CLASSES
    return Fault(Blame.ROW) if its_own or code.startswith(_ROW_CLASSES) else Fault(Blame.LINK)


_AMONG_ROWS = frozenset({"23505", "23503", "23001", "23P01"})


def among_rows(sqlstate: str | None) -> bool:
    """Whether an error is about a row beside others (unique, exclusion, foreign key): it may go as those change."""
    return sqlstate in _AMONG_ROWS


def about_value(sqlstate: str | None) -> bool:
    """Whether an error may say that a text is no value of a type, not that something is locked or too large."""
    return sqlstate != "54000" and judge(sqlstate).blame in {Blame.ROW, Blame.SHAPE}
