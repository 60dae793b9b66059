from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cdc.config import Config, Note
from cdc.model import Side
from cdc.observe import ChangelogFacts, LinkFacts, NodeFacts
from server.observation import Observation
from server.problems import Rules, problems

RULES = Rules(enabled=True, two_way=True, interval_ms=30000, max_failures=5)
LINKS = {side: {"state": "streaming", "consecutiveFailures": 0, "lastError": None} for side in Side}
SERVICE: dict[str, Any] = {"phase": "running", "links": {}}


def found(seen: Observation, service: dict[str, Any] | None = SERVICE) -> list[dict[str, str]]:
    return [*problems(RULES, seen, service, LINKS)]


def test_each_has_a_severity_a_message_and_a_hint() -> None:
    seen = Observation(
        nodes={side: NodeFacts("18.1", installed=False) for side in Side},
        links={Side.MAIN: LinkFacts(placed=True, held={"Product": "BACKUP lacks column price"})},
        changelogs={Side.MAIN: ChangelogFacts(5 * 1024**3, 3 * 24 * 3600.0)},
        errors={Side.BACKUP: "away"},
        open_conflicts=2,
        decisions=Config(),
    )
    listed = found(seen, None)
    assert all(set(each) == {"id", "severity", "message", "hint"} for each in listed)
    assert len({each["id"] for each in listed}) == len(listed)
    assert all(each["hint"] and each["severity"] in {"error", "warning", "info"} for each in listed)
    said = " ".join(each["message"] for each in listed)
    for word in (
        "away",
        "not running",
        "not installed",
        "Product",
        "lacks column",
        "2 conflicts",
        "5120 MiB",
    ):
        assert word in said


def test_a_direction_that_is_needed_is_one_problem() -> None:
    note = Note("ann", datetime(2026, 1, 1, tzinfo=UTC), "BACKUP was restored")
    (problem,) = found(Observation(decisions=Config(pauses=dict.fromkeys(Side, note), direction=note)))
    assert problem["id"] == "direction-needed"
    assert problem["message"] == "nothing is synced since 2026-01-01T00:00:00.000Z: BACKUP was restored"
    assert "cdc resync" in problem["hint"]


def test_nothing_to_say_of_a_healthy_pair() -> None:
    assert found(Observation(changelogs={side: ChangelogFacts(8192, 10.0) for side in Side})) == []


@pytest.mark.parametrize(
    ("note", "line"),
    [
        (
            {"tables": {"Product": {"only on MAIN": 3, "different": 1}}},
            "Product: only on MAIN 3, different 1",
        ),
        ({"Product": 4}, "Product: 4"),
        (None, "the tables differ"),
    ],
)
def test_first_contact_that_waits_for_a_choice(note: Any, line: str) -> None:
    node = NodeFacts("18.1", installed=True, side=Side.MAIN, first_contact="choose", first_contact_note=note)
    listed = found(Observation(nodes={Side.MAIN: node}))
    assert len(listed) == 1
    assert listed[0]["message"].endswith(line)
    assert "--first-contact" in listed[0]["hint"]


def test_first_contact_that_left_no_counts() -> None:
    undecided = {"message": "MAIN has no tables, and BACKUP holds data", "hint": "run your migrations"}
    listed = found(Observation(), {**SERVICE, "undecided": undecided})
    assert listed == [{"id": "first-contact", "severity": "error", **undecided}]


def test_links_of_a_service_that_is_starting_have_not_stopped() -> None:
    stopped = {side: {**LINKS[side], "state": "stopped"} for side in Side}
    assert [*problems(RULES, Observation(), {"phase": "starting", "links": {}}, stopped)] == []
