from __future__ import annotations

import json
from datetime import UTC, datetime

from cdc.model import Side
from cdc.snapshot.catalog import SnapshotInfo
from cdc.snapshot.facts import BackupFacts, VerifiedFacts
from cdc.snapshot.history import Entry, Kind, Status
from server.operations.documents import backup_document, entry_document, snapshot_document

AT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
ENTRY = Entry(7, Kind.FULL, Status.COMPLETED, 1, 900, 10, "/b/f", "ab", AT, AT, None, "ann", None, {"n": 1})


def test_an_entry_has_what_the_contract_names() -> None:
    found = entry_document(ENTRY)
    assert found == json.loads(json.dumps(found))
    named = {"id", "type", "status", "recordCount", "durationMs", "sizeBytes", "filepath", "startedAt"}
    assert named | {"finishedAt", "error", "progress"} <= found.keys()
    assert (found["type"], found["status"], found["startedAt"]) == (
        "FULL",
        "COMPLETED",
        "2026-03-10T12:30:00.000Z",
    )


def test_a_snapshot() -> None:
    info = SnapshotInfo("f", "/b/f", "FULL", Side.MAIN, 7, AT, 10, 1, "ab", pinned_by="ann")
    found = snapshot_document(info)
    assert found == json.loads(json.dumps(found))
    assert (found["pinned"], found["pinnedBy"], found["verifiedAt"]) == (True, "ann", None)


def test_the_status_of_backups() -> None:
    assert backup_document(None, None) == {"last": None, "next": None, "lastVerified": None}
    verified = VerifiedFacts("/b/f", AT, AT, None, None)
    found = backup_document(BackupFacts(AT, last=ENTRY, verified=verified), "soon")
    assert (found["last"]["id"], found["next"], found["lastVerified"]["filepath"]) == (7, "soon", "/b/f")
