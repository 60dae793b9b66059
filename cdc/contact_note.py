"""The mark on a side that first contact is writing to: what was going on, should it be killed. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from cdc.model import Side


class Phase(StrEnum):
    """What was going on when the target was marked; a restart goes on by it."""

    COPYING = "copying"
    FINISHING = "finishing"
    OVERWRITING = "overwriting"
    FILLING = "filling"


@dataclass(frozen=True, slots=True)
class Note:
    """The mark on the side that is written to.

    `source` is the side whose rows count; `made`: its tables were made by us; `fingerprint`: of their
    definitions; `seen`: what this side saw before the first row was written, text of a snapshot; `keep`: open
    conflicts stay open; `equal`: nothing had to be written.
    """

    phase: Phase
    source: Side
    made: bool = False
    fingerprint: str = ""
    seen: str | None = None
    keep: bool = False
    equal: bool = False

    @classmethod
    def parse(cls, text: str | None) -> Note | None:
        """Read the note of a marked side; None where it is none of this form."""
        found: Any = json.loads(text or "null")
        if not isinstance(found, dict) or "phase" not in found:
            return None
        return cls(**{**found, "phase": Phase(found["phase"]), "source": Side(found["source"])})

    def text(self) -> str:
        """The form that is stored."""
        return json.dumps(asdict(self))
