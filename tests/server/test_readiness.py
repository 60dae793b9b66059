from __future__ import annotations

import pytest

from cdc.model import Side
from cdc.observe import NodeFacts
from server.observation import Observation
from server.phase import Phase
from server.readiness import Standing, checks, whole

BOTH = {side: NodeFacts("18.1", installed=True, side=side) for side in Side}


def judged(seen: Observation | None, work: str = "running") -> Standing:
    return whole(checks(seen, work))


def test_all_is_well() -> None:
    assert judged(Observation(nodes=BOTH)) is Standing.OK


@pytest.mark.parametrize(
    ("side", "standing"), [(Side.MAIN, Standing.FAILED), (Side.BACKUP, Standing.DEGRADED)]
)
def test_a_database_that_is_away(side: Side, standing: Standing) -> None:
    seen = Observation(nodes={side.other: BOTH[side.other]}, errors={side: "password=secret"})
    assert judged(seen) is standing
    assert all("secret" not in check.detail for check in checks(seen, "running").values())


def test_nothing_is_known() -> None:
    assert judged(None) is Standing.FAILED
    assert judged(Observation()) is Standing.FAILED


def test_what_is_not_installed_yet() -> None:
    seen = Observation(nodes={side: NodeFacts("18.1", installed=False) for side in Side})
    assert judged(seen) is Standing.DEGRADED


@pytest.mark.parametrize("phase", [*Phase, "disabled"])
def test_the_work(phase: str) -> None:
    found = judged(Observation(nodes=BOTH), phase)
    assert (found is Standing.FAILED) == (phase == "starting")
    assert (found is Standing.OK) == (phase in {"running", "standby", "disabled"})
