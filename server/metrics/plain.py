"""Metrics without labels: one number each, or none while it is not known. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

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
    yield "cdc_backup_free_bytes", "Free space where snapshots are kept", known.free_bytes
    facts = known.backups
    if facts is None:
        return
    yield "cdc_backup_snapshots", "Snapshot files that are there and whole", facts.snapshots
    yield "cdc_backup_stored_bytes", "What they take", facts.bytes
    yield (
        "cdc_backup_last_success_timestamp_seconds",
        "End of the last full backup that went well, unchanged ones too",
        _time(facts.good_at),
    )
    yield (
        "cdc_backup_newest_snapshot_timestamp_seconds",
        "When the newest snapshot was taken",
        _time(facts.newest),
    )
    yield (
        "cdc_backup_last_verified_timestamp_seconds",
        "When a snapshot was last read from end to end and found whole",
        _time(facts.verified_at),
    )
    yield (
        "cdc_backup_last_restore_test_timestamp_seconds",
        "When a snapshot was last restored for trial and that went well",
        _time(facts.tested_at),
    )
    yield (
        "cdc_backup_last_duration_seconds",
        "What the last full backup that wrote a file took",
        _seconds(facts.duration_ms),
    )
    yield "cdc_backup_last_size_bytes", "How large its file is", facts.size_bytes


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / MS


def _time(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
