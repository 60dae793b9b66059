"""Entries and snapshots as machines read them. Pure."""

from __future__ import annotations

from typing import Any

from cdc.snapshot.catalog import SnapshotInfo
from cdc.snapshot.facts import BackupFacts
from cdc.snapshot.history import Entry
from server.problems import time_text


def entry_document(entry: Entry) -> dict[str, Any]:
    """Give an entry of the history the contract's form."""
    return {
        "id": entry.id,
        "type": entry.type.value,
        "status": entry.status.value,
        "recordCount": entry.record_count,
        "durationMs": entry.duration_ms,
        "sizeBytes": entry.size_bytes,
        "filepath": entry.filepath,
        "sha256": entry.sha256,
        "startedAt": time_text(entry.started_at),
        "finishedAt": time_text(entry.finished_at),
        "error": entry.error,
        "actor": entry.actor,
        "progress": entry.progress,
        "detail": dict(entry.detail),
    }


def snapshot_document(info: SnapshotInfo) -> dict[str, Any]:
    """Give a snapshot file the form that `cdc snapshots --json` prints."""
    return {
        "name": info.name,
        "filepath": info.filepath,
        "type": info.type,
        "side": info.side.value,
        "createdAt": time_text(info.created_at),
        "sizeBytes": info.size_bytes,
        "recordCount": info.record_count,
        "sha256": info.sha256,
        "verifiedAt": time_text(info.verified_at),
        "testedAt": time_text(info.tested_at),
        "testStatus": info.test_status,
        "fault": info.fault,
        "pinned": info.pinned,
        "pinnedBy": info.pinned_by,
        "missingAt": time_text(info.missing_at),
    }


def backup_document(facts: BackupFacts | None, following: str | None) -> dict[str, Any]:
    """Give the part of the status that is about backups.

    Args:
        facts: what is known; None where nothing is.
        following: when the next one is due, as the working service says.
    """
    last = facts.last if facts else None
    verified = facts.verified if facts else None
    return {
        "last": None if last is None else entry_document(last),
        "next": following,
        "lastVerified": None
        if verified is None
        else {
            "filepath": verified.filepath,
            "createdAt": time_text(verified.created_at),
            "verifiedAt": time_text(verified.verified_at),
            "testedAt": time_text(verified.tested_at),
            "testStatus": verified.test_status,
        },
    }
