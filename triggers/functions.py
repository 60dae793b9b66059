"""The functions in schema cdc, as they are made: parts that several of them share stand in files of their own."""

from __future__ import annotations

from typing import Final

from triggers.identifiers import Composed, fragment
from triggers.statements import piece, placeholders, render

FUNCTIONS: Final = (
    "wake",
    "capture_columns",
    "capture_fetch",
    "capture_rows",
    "capture_key",
    "capture_large",
    "capture_existing",
    "capture_insert",
    "capture_update",
    "capture_delete",
    "capture_truncate",
    "record_state",
)
"""Functions in schema cdc, each in the .sql file of its name; later ones may use earlier ones."""

_NONE: Final = fragment("NULL::text[]")
_OLD: Final = fragment("ARRAY(SELECT (t.*)::text FROM old_rows AS t WHERE most IS NULL LIMIT 33)")
_NEW: Final = fragment("ARRAY(SELECT (t.*)::text FROM new_rows AS t WHERE most IS NULL LIMIT 33)")
_OF_ROWS: Final = {
    "capture_insert": (fragment("I"), fragment("new_rows"), _NONE, _NEW),
    "capture_update": (fragment("U"), fragment("new_rows"), _OLD, _NEW),
    "capture_delete": (fragment("D"), fragment("old_rows"), _OLD, _NONE),
}
"""What those that record a statement's rows differ in where they record several."""


def function(name: str) -> str:
    """The statement that makes a function, or makes it anew."""
    return render(name, **{part: _part(name, part) for part in placeholders(name)})


def _part(name: str, part: str) -> Composed:
    """A part of a function, from `capture_<part>.sql`."""
    if part == "several":
        op, rows, befores, afters = _OF_ROWS[name]
        no_text = _part(name, "no_text")
        return piece("capture_several", op=op, rows=rows, befores=befores, afters=afters, no_text=no_text)
    return piece(f"capture_{part}")
