from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cdc.clock import Offset
from cdc.config import Config, Note
from cdc.lag import Percentiles
from cdc.model import Side
from cdc.observe import ChangelogFacts, LinkFacts, NodeFacts
from cdc.stats import Figures
from server.observation import Observation
from server.problems import Rules
from server.status import document

AT = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
RULES = Rules(enabled=True, two_way=True, interval_ms=30000, max_failures=5)
WORKING = {
    "phase": "running",
    "links": {
        "MAIN_TO_BACKUP": {"state": "streaming", "consecutiveFailures": 0, "lastError": None},
        "BACKUP_TO_MAIN": {"state": "streaming", "consecutiveFailures": 0, "lastError": None},
    },
}


def healthy() -> Observation:
    return Observation(
        nodes={
            side: NodeFacts(
                "18.1", installed=True, side=side, first_contact="done", working=side is Side.MAIN
            )
            for side in Side
        },
        links={
            Side.MAIN: LinkFacts(placed=True, pending=7, lag_ms=12.34, applied_total=100, last_applied_at=AT),
            Side.BACKUP: LinkFacts(placed=True),
        },
        changelogs={side: ChangelogFacts(8192, 0.0) for side in Side},
        open_conflicts=0,
        clocks={Side.MAIN: Offset(1.0, 0.25), Side.BACKUP: Offset(-0.5, 0.5)},
        decisions=Config(),
    )


def test_the_contracts_shape() -> None:
    figures = {Side.MAIN: Figures(Percentiles(0.0015, 0.02, 0.3), 12.345)}
    found = document(RULES, healthy(), WORKING, figures)
    assert list(found) == [
        "enabled",
        "state",
        "version",
        "databases",
        "sync",
        "backup",
        "clocks",
        "openConflicts",
        "problems",
    ]
    assert found["databases"]["MAIN"] == {"connected": True, "version": "18.1", "error": None}
    assert found["sync"] == {
        "twoWay": True,
        "intervalMs": 30000,
        "maxFailures": 5,
        "links": {
            "MAIN_TO_BACKUP": {
                "state": "streaming",
                "pending": 7,
                "lagMs": 12.3,
                "appliedTotal": 100,
                "consecutiveFailures": 0,
                "lastError": None,
                "lastAppliedAt": "2026-01-02T03:04:05.678Z",
                "lag": {"p50": 1.5, "p95": 20.0, "p99": 300.0},
                "perSecond": 12.3,
            },
            "BACKUP_TO_MAIN": {
                "state": "streaming",
                "pending": 0,
                "lagMs": 0.0,
                "appliedTotal": 0,
                "consecutiveFailures": 0,
                "lastError": None,
                "lastAppliedAt": None,
                "lag": None,
                "perSecond": None,
            },
        },
    }
    assert found["clocks"] == {"skewMs": -1500.0, "uncertaintyMs": 750.0}
    assert found["backup"] == {"last": None, "next": None, "lastVerified": None}
    assert (found["state"], found["problems"], found["openConflicts"]) == ("running", [], 0)


def states(found: dict[str, Any]) -> tuple[str, str, str]:
    links = found["sync"]["links"]
    return found["state"], links["MAIN_TO_BACKUP"]["state"], links["BACKUP_TO_MAIN"]["state"]


def test_without_a_service() -> None:
    found = document(RULES, healthy(), None)
    assert states(found) == ("notRunning", "stopped", "stopped")
    assert found["problems"][0]["hint"] == "Start it with `cdc run`."


def test_a_service_that_does_not_know_its_links_yet_has_not_stopped_any() -> None:
    found = document(RULES, healthy(), {"phase": "starting", "links": {}})
    assert states(found) == ("starting", "reconnecting", "reconnecting")
    assert found["problems"] == []


def test_paused_links() -> None:
    seen = healthy()
    seen.decisions = Config(pauses={Side.MAIN: Note("ann", AT)})
    found = document(RULES, seen, WORKING)
    assert states(found) == ("paused", "paused", "streaming")
    assert "paused by ann" in found["problems"][0]["message"]


def test_a_stopped_link_is_not_called_paused() -> None:
    seen = healthy()
    stopped = {"state": "stopped", "consecutiveFailures": 5, "lastError": "disk full", "hint": "Make room"}
    found = document(
        RULES, seen, {"phase": "running", "links": WORKING["links"] | {"BACKUP_TO_MAIN": stopped}}
    )  # type: ignore[operator]
    assert states(found) == ("stopped", "streaming", "stopped")
    assert found["problems"] == [
        {
            "id": "link-stopped:BACKUP_TO_MAIN",
            "severity": "error",
            "message": "BACKUP_TO_MAIN has stopped after 5 failures: disk full",
            "hint": "Make room; then `cdc resume`",
        }
    ]


def test_a_database_that_is_away() -> None:
    seen = Observation(nodes={Side.MAIN: healthy().nodes[Side.MAIN]}, errors={Side.BACKUP: "BACKUP is away"})
    found = document(RULES, seen, WORKING)
    assert found["databases"]["BACKUP"] == {"connected": False, "version": None, "error": "BACKUP is away"}
    assert found["sync"]["links"]["MAIN_TO_BACKUP"]["pending"] is None
    assert found["openConflicts"] is None
    assert found["problems"][0]["severity"] == "error"


def test_switched_off_and_one_way() -> None:
    off = Rules(enabled=False, two_way=True, interval_ms=1, max_failures=1)
    found = document(off, healthy(), WORKING)
    assert states(found) == ("disabled", "stopped", "stopped")
    assert any("changelog" in problem["message"] for problem in found["problems"])
    one_way = Rules(enabled=True, two_way=False, interval_ms=1, max_failures=1)
    assert states(document(one_way, healthy(), WORKING)) == ("running", "streaming", "stopped")


def test_comparing_is_told_from_copying_by_the_mark_on_a_side() -> None:
    copying = {"phase": "copying", "links": {name: {"state": "copying"} for name in WORKING["links"]}}  # type: ignore[attr-defined]
    seen = healthy()
    assert states(document(RULES, seen, copying)) == ("comparing", "comparing", "comparing")
    seen.nodes[Side.BACKUP] = NodeFacts("18.1", installed=True, side=Side.BACKUP, first_contact="copying")
    assert states(document(RULES, seen, copying)) == ("copying", "copying", "copying")
