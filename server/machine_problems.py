"""What is wrong with the machines: clocks that differ, disks that fill up. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cdc.model import Side
from server.observation import Observation
from server.problems import Problem, problem
from server.space import SNAPSHOTS, is_low

LARGE_SKEW: Final = 1.0
"""Seconds, beyond what the measurement may be off by, from which clocks count as wrong."""


def machine_problems(seen: Observation) -> Iterator[Problem]:
    """Go through what can be wrong with the machines.

    Args:
        seen: what the databases and the disks told.
    """
    yield from _clock_problems(seen)
    yield from _space_problems(seen)


def _clock_problems(seen: Observation) -> Iterator[Problem]:
    if set(seen.clocks) != set(Side):
        return
    skew = seen.clocks[Side.BACKUP] - seen.clocks[Side.MAIN]
    if abs(skew.ahead) > skew.uncertainty + LARGE_SKEW:
        which = "ahead of" if skew.ahead > 0 else "behind"
        yield problem(
            "clock-skew",
            "warning",
            f"BACKUP's clock is {abs(skew.ahead):.1f} seconds {which} MAIN's",
            "Sync does not depend on clocks, but policies that compare times do: set up NTP on both servers.",
        )


def _space_problems(seen: Observation) -> Iterator[Problem]:
    files = seen.backups.files if seen.backups else 0
    usual = seen.backups.bytes // files if seen.backups and files else 0
    for place, room in seen.spaces.items():
        largest = usual if place == SNAPSHOTS else 0
        if is_low(room, largest):
            full = room.free <= largest
            yield problem(
                f"disk-low:{place}",
                "error" if full else "warning",
                f"{place}: {room.free / 1024**2:.0f} MiB are free of {room.total / 1024**3:.1f} GiB",
                "Make room. BACKUP_MAX_BYTES and BACKUP_RETENTION_DAYS limit what snapshots take."
                if place == SNAPSHOTS
                else "Make room: the embedded servers stop where their disk is full.",
            )
