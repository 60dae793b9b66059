"""Metrics without labels: one number each, or none while it is not known. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from cdc.snapshot.history import Status
from server.metrics.measured import Measured

MS: Final = 1000.0

Line = tuple[str, str, float | None]
"""Name, what it is, value."""


def plain(known: Measured) -> Iterator[Metric]:
    """Make every metric that has no labels; names that end in `_total` only ever grow."""
    for name, text, value in (*_service(known), *_backups(known)):
        if value is None:
            continue
        kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
        yield kind(name, text, value=float(value))


def _service(known: Measured) -> Iterator[Line]:
    clocks, conflicts = known.status["clocks"], known.conflicts
    yield "cdc_working", "1 where this instance works, 0 where it stands by", known.works
    yield (
        "cdc_conflicts_open_records",
        "Records with an open conflict, over all tables",
        None if conflicts is None else sum(conflicts.values()),
    )
    yield "cdc_clock_skew_seconds", "How far BACKUP's clock is ahead of MAIN's", _seconds(clocks["skewMs"])
    yield (
        "cdc_clock_skew_uncertainty_seconds",
        "What the skew may be off by",
        _seconds(clocks["uncertaintyMs"]),
    )
    yield "cdc_event_streams", "Clients that follow events", known.streams
    yield "cdc_event_streams_dropped_total", "Clients that were too slow for events", known.streams_dropped
    yield "cdc_alerts_open", "Alerts that were sent and are not over", known.alerts_open
    yield "cdc_alerts_delivered_total", "Messages that receivers took", known.alerts_delivered
    yield "cdc_alerts_lost_total", "Messages that were given up", known.alerts_lost
    yield "cdc_http_connections", "Open connections", known.connections
    yield "cdc_http_connections_refused_total", "Connections closed to make room", known.connections_refused


def _backups(known: Measured) -> Iterator[Line]:
    facts = known.backups
    if facts is None:
        return
    good, verified, trial = facts.good, facts.verified, facts.trial
    tested = trial if trial is not None and trial.status is Status.COMPLETED else None
    yield "cdc_backup_snapshots", "Snapshot files that are there", facts.files
    yield "cdc_backup_snapshots_damaged", "Those of them that are not whole", facts.damaged
    yield "cdc_backup_stored_bytes", "What they take", facts.bytes
    yield (
        "cdc_backup_last_success_timestamp_seconds",
        "Start of the last full backup that went well, unchanged ones too",
        _time(good.started_at if good else None),
    )
    yield (
        "cdc_backup_last_duration_seconds",
        "What that took",
        _seconds(good.duration_ms if good else None),
    )
    yield "cdc_backup_last_size_bytes", "How large its file is", good.size_bytes if good else None
    yield (
        "cdc_backup_last_failed",
        "1 where the last full backup failed",
        facts.last.status is Status.FAILED if facts.last else None,
    )
    yield (
        "cdc_backup_verified_snapshot_timestamp_seconds",
        "When the newest snapshot that was found whole was taken",
        _time(verified.created_at if verified else None),
    )
    yield (
        "cdc_backup_last_restore_test_timestamp_seconds",
        "Start of the last trial restore, where that went well",
        _time(tested.started_at if tested else None),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / MS


def _time(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
