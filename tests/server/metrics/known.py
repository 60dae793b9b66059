"""A measurement in which everything is known, so that every metric is there."""

from __future__ import annotations

from datetime import UTC, datetime

from cdc.clock import Offset
from cdc.model import Side
from cdc.observe import ChangelogFacts, LinkFacts, NodeFacts
from cdc.stats import Stats
from server.metrics.measured import BackupFacts, Measured
from server.observation import Observation
from server.problems import LINK_NAMES, Rules
from server.status import document

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RULES = Rules(enabled=True, two_way=True, interval_ms=30000, max_failures=5)


def everything() -> Measured:
    stats = Stats(conflicts=3)
    stats.count(AT, 10.0, [AT], {"product": 4})
    seen = Observation(
        nodes={side: NodeFacts("18.1", installed=True, side=side) for side in Side},
        links={side: LinkFacts(placed=True, pending=7, lag_ms=1500.0, applied_total=100) for side in Side},
        changelogs={side: ChangelogFacts(8192, 12.5) for side in Side},
        clocks={Side.MAIN: Offset(0.0, 0.001), Side.BACKUP: Offset(0.25, 0.001)},
    )
    told = {"state": "streaming", "consecutiveFailures": 2, "lastError": None}
    service = {"phase": "running", "links": {LINK_NAMES[side]: told for side in Side}}
    return Measured(
        status=document(RULES, seen, service),
        works=True,
        stats={LINK_NAMES[side]: stats for side in Side},
        changelogs=seen.changelogs,
        conflicts={("product", "INSERT_EXISTS"): 2, ("sale", "REJECTED"): 1},
        backups=BackupFacts(12, 34567, AT, AT, AT, AT, 1500, 2048),
        operations={("FULL", "COMPLETED"): 5},
        free_bytes=10**9,
        streams=2,
    )
