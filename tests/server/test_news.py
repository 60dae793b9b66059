from __future__ import annotations

from typing import Any

from server.news import LISTED, applied, conflicts, essence


def test_only_what_was_applied_in_between() -> None:
    before = {"MAIN_TO_BACKUP": {"product": 5, "sale": 2}}
    after = {"MAIN_TO_BACKUP": {"product": 5, "sale": 9, "table": 1}, "BACKUP_TO_MAIN": {}}
    assert applied(before, after) == {"MAIN_TO_BACKUP": {"sale": 7, "table": 1}}
    assert applied(after, after) == {}


def test_conflicts_opened_and_resolved() -> None:
    before = {("product", "1"): "UPDATE_ORIGIN_DIFFERS", ("product", "2"): "INSERT_EXISTS"}
    after = {("product", "2"): "INSERT_EXISTS", ("sale", "7,a"): "UPDATE_MISSING"}
    assert conflicts(before, after) == {
        "open": 2,
        "opened": [{"entity": "sale", "entityId": "7,a", "type": "UPDATE_MISSING"}],
        "resolved": [{"entity": "product", "entityId": "1", "type": "UPDATE_ORIGIN_DIFFERS"}],
        "more": 0,
    }
    assert conflicts(after, after) is None


def test_an_event_names_only_so_many() -> None:
    found = conflicts({}, {("product", str(n)): "INSERT_EXISTS" for n in range(LISTED + 7)})
    assert found is not None
    assert (found["open"], len(found["opened"]), found["more"]) == (LISTED + 7, LISTED, 7)


def test_figures_that_never_stand_still_are_no_news() -> None:
    def status(**changed: Any) -> dict[str, Any]:
        link = {"state": "streaming", "lag": {"p50": 1.0}, "perSecond": 2.0, "pending": 0} | changed
        return {"state": "running", "clocks": {"skewMs": 1.0}, "sync": {"links": {"MAIN_TO_BACKUP": link}}}

    moved = status(lag=None, perSecond=0.0) | {"clocks": {"skewMs": 2.0}}
    assert essence(moved) == essence(status())
    assert essence(status(pending=1)) != essence(status())
