"""A measurement in which everything is known, so that every metric is there."""

from __future__ import annotations

from datetime import UTC, datetime

from cdc.clock import Offset
from cdc.model import Side
from cdc.observe import ChangelogFacts, LinkFacts, NodeFacts
from cdc.snapshot.facts import BackupFacts, VerifiedFacts
from cdc.snapshot.history import Entry, Kind, Status
from cdc.stats import Stats
from server.metrics.measured import Measured
from server.observation import Observation
from server.problems import LINK_NAMES, Rules
from server.space import Space
from server.status import document

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RULES = Rules(enabled=True, two_way=True, interval_ms=30000, max_failures=5)
ENTRY = Entry(
    id=1,
    type=Kind.FULL,
    status=Status.COMPLETED,
    record_count=10,
    duration_ms=1500,
    size_bytes=2048,
    filepath="backups/a.json.gz",
    sha256=None,
    started_at=AT,
    finished_at=AT,
    error=None,
    actor="schedule",
    progress=None,
    detail={},
)
VERIFIED = VerifiedFacts("backups/a.json.gz", AT, AT, AT, "COMPLETED")
BACKUPS = BackupFacts(AT, last=ENTRY, good=ENTRY, trial=ENTRY, verified=VERIFIED, files=12, bytes=34567)


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
        failures={LINK_NAMES[side]: 6 for side in Side},
        changelogs=seen.changelogs,
        conflicts={("product", "INSERT_EXISTS"): 2, ("sale", "REJECTED"): 1},
        backups=BACKUPS,
        operations={("FULL", "COMPLETED"): 5},
        spaces={"BACKUP_DIR": Space(10**9, 10**10)},
        streams=2,
    )
