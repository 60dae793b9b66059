"""The status document of the contract, made from what is known. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from cdc.model import Side
from cdc.stats import Figures
from server.backup_problems import backup_problems
from server.health import LinkState
from server.machine_problems import machine_problems
from server.observation import Observation
from server.operations.documents import backup_document
from server.problems import LINK_NAMES, Problem, Rules, live, problems, time_text


def document(
    rules: Rules,
    seen: Observation,
    service: Mapping[str, Any] | None,
    figures: Mapping[Side, Figures] | None = None,
) -> dict[str, Any]:
    """Make the document that `GET /backup/status` and `cdc status --json` give.

    Args:
        rules: the settings.
        seen: what the databases told.
        service: what the working service says of itself (`service_json`); None where none works.
        figures: what the links of this very process measured; only the working service has any.
    """
    service = _compared(seen, service)
    measured = figures or {}
    links = {side: _link(side, rules, seen, service) | _measured(measured.get(side)) for side in Side}
    return {
        "enabled": rules.enabled,
        "state": _state(rules, links, service),
        "version": version("cdc"),
        "databases": {side.value: _database(side, seen) for side in Side},
        "sync": {
            "twoWay": rules.two_way,
            "intervalMs": rules.interval_ms,
            "maxFailures": rules.max_failures,
            "links": {LINK_NAMES[side]: link for side, link in links.items()},
        },
        "backup": backup_document(seen.backups, ((service or {}).get("backup") or {}).get("next")),
        "clocks": _clocks(seen),
        "openConflicts": seen.open_conflicts,
        "problems": [
            *problems(rules, seen, service, links),
            *_backup_problems(rules, seen, service),
            *machine_problems(seen),
        ],
    }


def _backup_problems(rules: Rules, seen: Observation, service: Mapping[str, Any] | None) -> Iterator[Problem]:
    if rules.enabled and seen.backups is not None:
        yield from backup_problems(rules.rhythm, seen.backups, service)


def _measured(figures: Figures | None) -> dict[str, Any]:
    if figures is None:
        return {"lag": None, "perSecond": None}
    return {"lag": figures.lag and figures.lag.as_json(), "perSecond": round(figures.per_second, 1)}


def _clocks(seen: Observation) -> dict[str, Any]:
    """Say how far the two servers' clocks are apart (BACKUP's ahead of MAIN's), give or take."""
    if set(seen.clocks) != set(Side):
        return {"skewMs": None, "uncertaintyMs": None}
    skew = seen.clocks[Side.BACKUP] - seen.clocks[Side.MAIN]
    return {"skewMs": round(skew.ahead * 1000, 1), "uncertaintyMs": round(skew.uncertainty * 1000, 1)}


def _compared(seen: Observation, service: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Tell comparing from copying, which only the mark on the side that is written to does."""
    marked = any(node.first_contact == LinkState.COPYING.value for node in seen.nodes.values())
    if service is None or marked or service.get("phase") != LinkState.COPYING.value:
        return service
    comparing = LinkState.COMPARING.value
    links = {name: {**told, "state": comparing} for name, told in service.get("links", {}).items()}
    return {**service, "phase": comparing, "links": links}


def _state(rules: Rules, links: Mapping[Side, Mapping[str, Any]], service: Mapping[str, Any] | None) -> str:
    if not rules.enabled:
        return "disabled"
    if service is None:
        return "notRunning"
    phase = str(service.get("phase", "starting"))
    states = {links[side]["state"] for side in rules.sides}
    if phase == "starting" and LinkState.STOPPED.value in states:
        return LinkState.STOPPED.value  # it has failed too often before the links could run
    if phase != "running":
        return phase
    for worst in (LinkState.STOPPED, LinkState.RECONNECTING, LinkState.PAUSED):
        if worst.value in states:
            return worst.value
    return "running"


def _database(side: Side, seen: Observation) -> dict[str, Any]:
    node = seen.nodes.get(side)
    return {
        "connected": node is not None and side not in seen.errors,
        "version": node.version if node else None,
        "error": seen.errors.get(side),
    }


def _link(side: Side, rules: Rules, seen: Observation, service: Mapping[str, Any] | None) -> dict[str, Any]:
    facts = seen.links.get(side)
    told = live(side, service)
    unknown = LinkState.STOPPED if service is None else LinkState.RECONNECTING
    state = str(told.get("state", unknown.value))
    if side not in rules.sides or not rules.enabled:
        state = LinkState.STOPPED.value
    elif state != LinkState.STOPPED.value or service is None:
        paused = seen.decisions is not None and side in seen.decisions.pauses
        state = LinkState.PAUSED.value if paused else state
    return {
        "state": state,
        "pending": facts.pending if facts else None,
        "lagMs": round(facts.lag_ms, 1) if facts and facts.placed else None,
        "appliedTotal": facts.applied_total if facts else None,
        "consecutiveFailures": int(told.get("consecutiveFailures", 0)),
        "lastError": told.get("lastError"),
        "lastAppliedAt": time_text(facts.last_applied_at) if facts else None,
    }
