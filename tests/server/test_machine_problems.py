from __future__ import annotations

import pytest

from cdc.clock import Offset
from cdc.model import Side
from server.machine_problems import machine_problems
from server.observation import Observation
from server.space import Space


def found(seen: Observation) -> list[dict[str, str]]:
    return [*machine_problems(seen)]


@pytest.mark.parametrize(
    ("ahead", "uncertainty", "said"),
    [(5.0, 0.1, "5.0 seconds ahead"), (-5.0, 0.1, "5.0 seconds behind"), (5.0, 4.5, None), (0.5, 0.0, None)],
)
def test_clocks_that_differ_by_more_than_can_be_a_mistake(
    ahead: float, uncertainty: float, said: str | None
) -> None:
    clocks = {Side.MAIN: Offset(0.0, 0.0), Side.BACKUP: Offset(ahead, uncertainty)}
    listed = found(Observation(clocks=clocks))
    assert [each["id"] for each in listed] == ["clock-skew"] * (said is not None)
    assert all(said is not None and said in each["message"] for each in listed)


@pytest.mark.parametrize(
    ("free", "severity"), [(50 * 1024**3, None), (1024**3 // 2, "warning"), (0, "error")]
)
def test_room_that_is_left(free: int, severity: str | None) -> None:
    listed = found(Observation(spaces={"BACKUP_DIR": Space(free, 100 * 1024**3)}))
    assert [(each["id"], each["severity"]) for each in listed] == (
        [] if severity is None else [("disk-low:BACKUP_DIR", severity)]
    )
