"""What is known at the instant of a scrape. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cdc.model import Side
from cdc.observe import ChangelogFacts
from cdc.snapshot.facts import BackupFacts
from cdc.stats import Stats
from server.space import Space

CARDINALITY: Final = 500
"""Tables and types of conflicts that get a series of their own; the rest is in one named `other`."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that is known when a scraper asks.

    Attributes:
        status: the status document.
        works: whether this is the working instance.
        stats: what each link, by name, has counted since the start.
        failures: how often each has failed since then.
        conflicts: open ones by table and type; None where they are not known.
        operations: ended backups, restores and so on since the start, by type and status.
    """

    status: Mapping[str, Any]
    works: bool
    stats: Mapping[str, Stats] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    changelogs: Mapping[Side, ChangelogFacts] = field(default_factory=dict)
    conflicts: Mapping[tuple[str, str], int] | None = None
    backups: BackupFacts | None = None
    operations: Mapping[tuple[str, str], int] = field(default_factory=dict)
    spaces: Mapping[str, Space] = field(default_factory=dict)
    streams: int = 0
    streams_dropped: int = 0
    alerts_open: int = 0
    alerts_delivered: int = 0
    alerts_lost: int = 0
    connections: int = 0
    connections_refused: int = 0


def conflict_counts(records: Iterable[tuple[tuple[str, str], str]]) -> dict[tuple[str, str], int]:
    """Count open conflicts by table and type, from ((entity, id), type)."""
    counts = Counter((entity, kind) for (entity, _), kind in records)
    kept = dict(counts.most_common(CARDINALITY))
    if rest := counts.total() - sum(kept.values()):
        kept["other", "other"] = rest
    return kept
