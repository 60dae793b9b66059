"""Which of the problems in a status are worth waking somebody, and what cannot be told from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CONFLICTS: Final = "conflicts-open"
HOLDS: Final[Mapping[str, float]] = {
    CONFLICTS: 10.0,
    "backup-database-behind": 600.0,
    "backup-overdue": 120.0,
    "changelog-large": 60.0,
    "clock-skew": 600.0,
    "database-away": 30.0,
    "direction-needed": 60.0,
    "disk-low": 60.0,
    "link-failing": 120.0,
    "retention-": 600.0,
    "snapshots-missing": 60.0,
    "table-waits": 300.0,
}
"""Seconds that a problem must last before it is told, by how its id begins. Warnings that are not here are not
told at all; errors that are not here are told at once."""
SEEN_FROM_HERE: Final = ("database-away", "link-")
"""Problems that can be told whether a database is there or not."""
MOST: Final = 200
"""Conditions at a time; hundreds of tables with one trouble are told well enough by these."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong for as long as its id is there. `size` grows where it gets worse (conflicts)."""

    id: str
    severity: str
    message: str
    hint: str
    hold: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a status says: the conditions by id, and whether all of them could be looked for."""

    conditions: Mapping[str, Condition]
    complete: bool

    def absent(self, condition: str) -> bool:
        """Whether a condition is known not to be there."""
        return condition not in self.conditions and (self.complete or condition.startswith(SEEN_FROM_HERE))


def finding(status: Mapping[str, Any]) -> Finding:
    """Read a status document."""
    found: dict[str, Condition] = {}
    for problem in status["problems"]:
        name, severity = problem["id"], problem["severity"]
        hold = next((seconds for start, seconds in HOLDS.items() if name.startswith(start)), None)
        if severity == "info" or (hold is None and severity != "error") or len(found) >= MOST:
            continue
        size = status.get("openConflicts") or 0 if name == CONFLICTS else 0
        found[name] = Condition(name, severity, problem["message"], problem["hint"], hold or 0.0, size)
    complete = all(database["connected"] for database in status["databases"].values())
    return Finding(found, complete)
