from __future__ import annotations

from typing import Any

import pytest

from server.alerts.conditions import CONFLICTS, MOST, finding


def status(*problems: tuple[str, str], connected: bool = True, conflicts: int | None = 0) -> dict[str, Any]:
    return {
        "problems": [
            {"id": name, "severity": severity, "message": f"{name}!", "hint": "do"}
            for name, severity in problems
        ],
        "databases": {"MAIN": {"connected": True}, "BACKUP": {"connected": connected}},
        "openConflicts": conflicts,
    }


@pytest.mark.parametrize(
    ("name", "severity", "told"),
    [
        ("link-stopped:MAIN_TO_BACKUP", "error", True),
        ("anything-new", "error", True),
        ("anything-new", "warning", False),
        ("backup-failed", "error", True),
        ("backup-overdue", "error", True),
        ("backup-slow", "warning", False),
        ("changelog-large:MAIN", "warning", True),
        ("changelog-kept:MAIN", "info", False),
        ("link-paused:MAIN_TO_BACKUP", "info", False),
        ("disk-low:BACKUP_DIR", "warning", True),
        ("restore-test-failed", "error", True),
    ],
)
def test_which_problems_are_told(name: str, severity: str, told: bool) -> None:  # noqa: FBT001
    assert (name in finding(status((name, severity))).conditions) == told


def test_conflicts_have_a_size() -> None:
    found = finding(status((CONFLICTS, "warning"), ("clock-skew", "warning"), conflicts=7))
    assert [each.size for each in found.conditions.values()] == [7, 0]


def test_a_database_that_is_away_hides_what_is_in_it() -> None:
    found = finding(status(connected=False, conflicts=None))
    assert not found.absent("conflicts-open")
    assert not found.absent("backup-failed")
    assert found.absent("database-away:MAIN")
    assert found.absent("link-stopped:MAIN_TO_BACKUP")
    assert finding(status()).absent("conflicts-open")


def test_there_is_a_limit() -> None:
    found = finding(status(*[(f"table-waits:{n}", "warning") for n in range(MOST * 2)]))
    assert len(found.conditions) == MOST
