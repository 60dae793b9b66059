"""Whether this instance can be sent requests, check by check. Pure.

BACKUP being away is what this service is for: changes wait, and it is ready. An instance that stands by is ready
too: it answers, and a deployment that waits for it before ending the old one must not wait for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cdc.model import Side
from server.observation import Observation

LONGEST_SILENCE: Final = 5.0
"""Seconds without a heartbeat from which the event loop counts as stuck."""


class Standing(StrEnum):
    """How a check, or the whole, stands. The worst comes last."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check, and what there is to say about it."""

    status: Standing
    detail: str


_WORK: Final[Mapping[str, Check]] = {
    "running": Check(Standing.OK, "this instance works"),
    "standby": Check(Standing.OK, "another instance works, this one takes over when it ends"),
    "disabled": Check(Standing.OK, "ENABLE_BACKUP_SERVICE is false, nothing is synced"),
    "waiting": Check(Standing.DEGRADED, "first contact waits for a decision"),
    "copying": Check(Standing.DEGRADED, "BACKUP is being filled"),
    "comparing": Check(Standing.DEGRADED, "both sides are being compared"),
}


def checks(seen: Observation | None, work: str) -> dict[str, Check]:
    """Judge what was seen.

    Args:
        seen: what the databases told; None where they did not answer in time.
        work: what the process as a whole is doing.
    """
    return {
        "main": _database(Side.MAIN, seen, Standing.FAILED),
        "backup": _database(Side.BACKUP, seen, Standing.DEGRADED),
        "work": _WORK.get(work, Check(Standing.FAILED, f"the service is {work}")),
    }


def whole(found: Mapping[str, Check]) -> Standing:
    """Give the worst of all checks."""
    order = [*Standing]
    return max((check.status for check in found.values()), key=order.index)


def _database(side: Side, seen: Observation | None, missing: Standing) -> Check:
    if seen is None:
        return Check(missing, "no answer in time")
    if side in seen.errors:
        return Check(missing, "not reachable")
    if side not in seen.nodes:
        return Check(missing, "not asked yet")
    if not seen.nodes[side].installed:
        return Check(Standing.DEGRADED, "connected, schema cdc is not installed")
    return Check(Standing.OK, "connected")
