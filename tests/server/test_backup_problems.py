from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cdc.snapshot.facts import BackupFacts
from cdc.snapshot.history import Entry, Kind, Status
from server.backup_problems import backup_problems
from server.problems import time_text
from server.rhythm import Rhythm

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
ENTRY = Entry(7, Kind.FULL, Status.COMPLETED, 1, 900, 1, "f", "s", NOW, NOW, None, "ann", None, {})
GOOD = BackupFacts(NOW, last=ENTRY, good=ENTRY)


def ids(facts: BackupFacts, service: dict[str, Any] | None = None) -> list[str]:
    found = list(backup_problems(Rhythm(60), facts, service))
    assert all(each["message"] and each["hint"] for each in found)
    return [each["id"] for each in found]


def ended(status: Status, error: str | None = None, **detail: Any) -> Entry:
    return replace(ENTRY, status=status, error=error, detail=detail)


def test_nothing_is_wrong() -> None:
    assert ids(GOOD) == []
    assert ids(BackupFacts(NOW)) == []


def test_a_failure_is_said_with_its_own_hint() -> None:
    failed = ended(Status.FAILED, "the disk is full", hint="make room")
    (found,) = backup_problems(Rhythm(60), replace(GOOD, last=failed), None)
    assert (found["severity"], found["hint"]) == ("error", "make room")
    assert "the disk is full" in found["message"]
    assert ids(replace(GOOD, last=ended(Status.INTERRUPTED))) == []


def test_the_age_of_the_last_good_one_is_watched() -> None:
    old = replace(ENTRY, started_at=NOW - timedelta(minutes=3, seconds=29))
    assert ids(replace(GOOD, good=old)) == []
    old = replace(ENTRY, started_at=NOW - timedelta(minutes=4))
    assert ids(replace(GOOD, good=old)) == ["backup-overdue"]
    (found,) = backup_problems(Rhythm(60), replace(GOOD, good=old), None)
    assert "4 minutes old" in found["message"]


def test_a_first_one_that_never_comes_is_noticed_too() -> None:
    due = {"backup": {"next": time_text(NOW - timedelta(minutes=5))}}
    assert ids(BackupFacts(NOW), due) == ["backup-overdue"]
    assert ids(BackupFacts(NOW), {"backup": {"next": time_text(NOW)}}) == []
    assert ids(BackupFacts(NOW), {"backup": {"next": None}}) == []


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (replace(GOOD, damaged=1), "snapshots-damaged"),
        (replace(GOOD, missing=2), "snapshots-missing"),
        (replace(GOOD, trial=ended(Status.FAILED, "rows differ")), "restore-test-failed"),
        (replace(GOOD, trial=ended(Status.NOT_TESTABLE, "no postgis")), "restore-test-impossible"),
        (replace(GOOD, good=replace(ENTRY, duration_ms=31_000)), "backup-slow"),
        (
            replace(
                GOOD, good=ended(Status.COMPLETED, backupDatabase={"complete": False, "reason": "paused"})
            ),
            "backup-database-behind",
        ),
        (replace(GOOD, good=ended(Status.COMPLETED, retention={"error": "no"})), "retention-failed"),
        (replace(GOOD, good=ended(Status.UNCHANGED, retention={"refused": {"a": "no"}})), "retention-failed"),
        (replace(GOOD, good=ended(Status.COMPLETED, retention={"overBytes": 5})), "retention-over-limit"),
    ],
)
def test_each_thing_that_can_be_wrong(facts: BackupFacts, name: str) -> None:
    assert ids(facts) == [name]


def test_what_went_well_is_no_problem() -> None:
    fine = ended(Status.COMPLETED, backupDatabase={"complete": True}, retention={"removed": 4})
    assert ids(replace(GOOD, good=fine, trial=ended(Status.COMPLETED))) == []
