"""The functions in schema cdc, as they are made: parts that several of them share stand in files of their own."""

from __future__ import annotations

from typing import Final

from triggers.identifiers import Composed, fragment
from triggers.statements import piece, placeholders, render

FUNCTIONS: Final = (
    "wake",
    "capture_columns",
    "capture_fetch",
    "capture_key",
    "capture_rows",
    "capture_large",
    "capture_existing",
    "capture_insert",
    "capture_update",
    "capture_delete",
    "capture_truncate",
    "record_state",
    "chain_on",
)
"""Functions in schema cdc, each in the .sql file of its name; later ones may use earlier ones."""

_NONE: Final = fragment("NULL::text[]")
_OLD: Final = fragment("ARRAY(SELECT (t.*)::text FROM old_rows AS t WHERE most IS NULL LIMIT 33)")
_NEW: Final = fragment("ARRAY(SELECT (t.*)::text FROM new_rows AS t WHERE most IS NULL LIMIT 33)")
_MORE_OLD: Final = fragment(
    "ARRAY(SELECT (t.*)::text FROM (SELECT s.* FROM old_rows AS s OFFSET 33 LIMIT few) AS t)"
)
_MORE_NEW: Final = fragment(
    "ARRAY(SELECT (t.*)::text FROM (SELECT s.* FROM new_rows AS s OFFSET 33 LIMIT few) AS t)"
)
_NAMES_OLD: Final = piece("capture_names", rows=fragment("old_rows"))
_NAMES_NEW: Final = piece("capture_names", rows=fragment("new_rows"))
_INSERTED: Final = {"befores": _NONE, "afters": _NEW, "more_befores": _NONE, "more_afters": _MORE_NEW}
_DELETED: Final = {"befores": _OLD, "afters": _NONE, "more_befores": _MORE_OLD, "more_afters": _NONE}
_OF_ROWS: Final = {
    "capture_insert": _INSERTED | {"op": fragment("I"), "names": _NAMES_NEW},
    "capture_delete": _DELETED | {"op": fragment("D"), "names": _NAMES_OLD},
    "capture_update": {
        "op": fragment("U"),
        "names": _NAMES_NEW,
        "befores": _OLD,
        "afters": _NEW,
        "more_befores": _MORE_OLD,
        "more_afters": _MORE_NEW,
    },
}
"""What those that record a statement's rows differ in where they record several."""


def function(name: str) -> str:
    """The statement that makes a function, or makes it anew."""
    return render(name, **{part: _part(name, part) for part in placeholders(name)})


def _part(name: str, part: str) -> Composed:
    """A part of a function, from `capture_<part>.sql`."""
    if part == "several":
        return piece("capture_several", no_text=_part(name, "no_text"), **_OF_ROWS[name])
    return piece(f"capture_{part}")
