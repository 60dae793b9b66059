from __future__ import annotations

import re
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from cdc.lag import BOUNDS
from server.metrics.measured import CARDINALITY, conflict_counts
from server.metrics.scrape import text
from tests.server.metrics.known import everything


def samples(content: bytes) -> dict[str, float]:
    """Values by name and labels, as Prometheus would read them."""
    found = {}
    for family in text_string_to_metric_families(content.decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_what_is_known_is_told() -> None:
    found = samples(text(everything()))
    expected = {
        "cdc_database_up{side=MAIN}": 1,
        "cdc_link_pending_changes{link=MAIN_TO_BACKUP}": 7,
        "cdc_link_oldest_pending_seconds{link=MAIN_TO_BACKUP}": 1.5,
        "cdc_link_applied_changes_total{link=BACKUP_TO_MAIN}": 100,
        "cdc_link_consecutive_failures{link=BACKUP_TO_MAIN}": 2,
        "cdc_link_conflicts_total{link=BACKUP_TO_MAIN}": 3,
        "cdc_link_failures_total{link=BACKUP_TO_MAIN}": 6,
        "cdc_link_state{link=MAIN_TO_BACKUP,state=streaming}": 1,
        "cdc_link_state{link=MAIN_TO_BACKUP,state=stopped}": 0,
        "cdc_table_applied_changes_total{link=MAIN_TO_BACKUP,table=product}": 4,
        "cdc_link_lag_seconds_count{link=MAIN_TO_BACKUP}": 4,
        f"cdc_link_lag_seconds_bucket{{le={BOUNDS[0]},link=MAIN_TO_BACKUP}}": 4,
        "cdc_conflicts_open{table=product,type=INSERT_EXISTS}": 2,
        "cdc_conflicts_open_records": 3,
        "cdc_changelog_bytes{side=MAIN}": 8192,
        "cdc_clock_skew_seconds": 0.25,
        "cdc_backup_last_duration_seconds": 1.5,
        "cdc_backup_snapshots": 12,
        "cdc_backup_last_failed": 0,
        "cdc_backup_last_restore_test_timestamp_seconds": 1767323045,
        "cdc_disk_free_bytes{place=BACKUP_DIR}": 10**9,
        "cdc_operations_total{status=COMPLETED,type=FULL}": 5,
        "cdc_working": 1,
        "cdc_event_streams": 2,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_every_name_is_ours() -> None:
    names = {family.name for family in text_string_to_metric_families(text(everything()).decode())}
    assert all(name.startswith("cdc_") for name in names)
    assert "cdc_process_open_fds" in names


def test_what_is_not_known_is_left_out_and_never_fails() -> None:
    away = everything()
    status = dict(away.status)
    status["clocks"] = {"skewMs": None, "uncertaintyMs": None}
    status["databases"] = {side: {"connected": False} for side in ("MAIN", "BACKUP")}
    links = {
        name: {**link, "pending": None, "lagMs": None, "appliedTotal": None}
        for name, link in status["sync"]["links"].items()
    }
    status["sync"] = {**status["sync"], "links": links}
    found = samples(
        text(replace(away, status=status, stats={}, changelogs={}, conflicts=None, backups=None, spaces={}))
    )
    assert found["cdc_database_up{side=MAIN}"] == 0
    assert not [
        name for name in found if re.match("cdc_(backup|conflicts|changelog|clock|table|disk)_", name)
    ]
    assert "cdc_link_pending_changes{link=MAIN_TO_BACKUP}" not in found


def test_a_link_that_is_not_meant_to_run_has_not_stopped() -> None:
    known = everything()
    one_way = {**known.status, "sync": {**known.status["sync"], "twoWay": False}}
    found = samples(text(replace(known, status=one_way)))
    assert "cdc_link_state{link=MAIN_TO_BACKUP,state=stopped}" in found
    assert "cdc_link_state{link=BACKUP_TO_MAIN,state=stopped}" not in found
    disabled = samples(text(replace(known, status={**known.status, "enabled": False})))
    assert not [name for name in disabled if name.startswith("cdc_link_state")]


def test_conflicts_in_more_tables_than_series() -> None:
    found = conflict_counts(((f"table{n}", "1"), "REJECTED") for n in range(CARDINALITY + 20))
    assert len(found) == CARDINALITY + 1
    assert found["other", "other"] == 20
