"""What was measured, as a table for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from tests.bench.rig import SETTINGS
from tests.bench.sizes import Sizes

SUBJECTS = ("none", "capture", "ours", "native", "snapshot", "pg_dump")
UNITS = {"lag": "ms", "bulk": "ms", "writers": "TPS", "catch-up": "changes/s", "backlog": "changes/s"}


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of two subjects' values, and the bound it should keep."""

    value: str
    subject: str
    against: str
    bound: float | None = None
    at_most: bool = True

    def says(self) -> str:
        """The bound in words."""
        if self.bound is None:
            return ""
        return f"{'<=' if self.at_most else '>='} {self.bound:g}"

    def kept(self, ratio: float) -> bool | None:
        """Whether a ratio keeps it; None where there is no bound."""
        if self.bound is None:
            return None
        return ratio <= self.bound if self.at_most else ratio >= self.bound


GOALS = (
    Goal("lag p50", "ours", "native", 2.0),
    Goal("lag p95", "ours", "native"),
    Goal("lag p99", "ours", "native", 3.0),
    Goal("catch-up", "ours", "native", 1.0, at_most=False),
    Goal("writers 1", "capture", "none"),
    Goal("writers 1", "ours", "none"),
    Goal("writers 1", "native", "none"),
    Goal("writers 8", "capture", "none", 0.75, at_most=False),
    Goal("writers 8", "ours", "none"),
    Goal("writers 8", "native", "none"),
    Goal("writers 8", "ours", "native", 1.0, at_most=False),
    Goal("bulk insert", "capture", "none", 1.75),
    Goal("bulk update", "capture", "none", 1.9),
    Goal("snapshot seconds", "snapshot", "pg_dump", 1.0),
    Goal("restore seconds", "snapshot", "pg_dump", 1.0),
    Goal("snapshot size", "snapshot", "pg_dump"),
)
LAG_BELOW_MS = 3.0
MEMORY_BELOW_MIB = 150.0
_BUSY_PERCENT = 10.0


@dataclass(slots=True)
class Report:
    """Values by name and subject, one a repetition, and what went wrong."""

    sizes: Sizes
    values: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(dict))
    failures: list[str] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """Share of the machine, in per cent, that was in use before each repetition, while all servers idled."""

    def add(self, subject: str, values: Mapping[str, float]) -> None:
        """Add what one measurement gave."""
        for name, value in values.items():
            self.values[name].setdefault(subject, []).append(value)

    def ratio(self, goal: Goal) -> float | None:
        """Median over the repetitions of subject / against, each pair measured close together."""
        found = self.values.get(goal.value, {})
        pairs = zip(found.get(goal.subject, []), found.get(goal.against, []), strict=False)
        ratios = [ours / theirs for ours, theirs in pairs if theirs]
        return statistics.median(ratios) if ratios else None

    def shown(self) -> RenderableType:
        """Two tables: medians with their range, and ratios beside the goals."""
        medians = Table(title=f"Medians of {self.sizes.repetitions} [least - most]", title_justify="left")
        for heading in ("", "unit", *SUBJECTS):
            medians.add_column(heading, justify="left" if heading in ("", "unit") else "right", no_wrap=True)
        for name, found in self.values.items():
            cells = [_spread(found[subject]) if subject in found else "" for subject in SUBJECTS]
            medians.add_row(name, _unit(name), *cells)
        ratios = Table(title="Ratios and goals", title_justify="left")
        for heading in ("", "of", "ratio", "goal", "kept"):
            ratios.add_column(heading)
        for goal in GOALS:
            ratio = self.ratio(goal)
            if ratio is not None:
                kept = {None: "", True: "yes", False: "NO"}[goal.kept(ratio)]
                of = f"{goal.subject} / {goal.against}"
                ratios.add_row(goal.value, of, f"{ratio:.2f}", goal.says(), kept)
        lags = self.values.get("lag p50", {}).get("ours")
        if lags:
            lag = statistics.median(lags)
            kept = "yes" if lag < LAG_BELOW_MS else "NO"
            ratios.add_row("lag p50", "ours", f"{lag:.2f} ms", f"< {LAG_BELOW_MS:g} ms", kept)
        memories = self.values.get("snapshot memory", {}).get("snapshot")
        if memories:
            kept = "yes" if max(memories) < MEMORY_BELOW_MIB else "NO"
            ratios.add_row(
                "snapshot memory", "most", f"{max(memories):.0f} MiB", f"< {MEMORY_BELOW_MIB:g} MiB", kept
            )
        notes = list(self.failures)
        if self.busy and max(self.busy) > _BUSY_PERCENT:
            notes.append(
                f"Other programs used up to {max(self.busy):.0f} % of the machine: measure again when it is quiet."
            )
        return Group(medians, ratios, *notes)

    def document(self) -> dict[str, Any]:
        """Everything, for a file."""
        ratios = [
            {
                "value": g.value,
                "of": g.subject,
                "against": g.against,
                "ratio": self.ratio(g),
                "goal": g.says(),
            }
            for g in GOALS
        ]
        sizes = {name: getattr(self.sizes, name) for name in Sizes.__slots__}
        machine = {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}
        return {
            "machine": machine, "settings": dict(SETTINGS), "sizes": sizes,
            "busy_percent": self.busy, "values": self.values, "ratios": ratios, "failures": self.failures,
        }  # fmt: skip


def _spread(values: list[float]) -> str:
    """The median, and the range where there are several."""
    middle = _number(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} [{_number(min(values))} - {_number(max(values))}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _unit(name: str) -> str:
    if "seconds" in name:
        return "s"
    if "memory" in name or "size" in name:
        return "MiB"
    return next((unit for start, unit in UNITS.items() if name.startswith(start)), "")
