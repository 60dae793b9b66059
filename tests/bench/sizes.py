"""How much of everything is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    rows: int = 200_000  # accounts seeded
    lag_seconds: float = 15.0
    inserts: int = 200_000  # of a backlog, beside half as many updates and a tenth deletes
    writer_seconds: int = 8
    bulk_rows: int = 200_000
    repetitions: int = 3
    snapshot_rows: int = 1_000_000


QUICK = Sizes(20_000, 3.0, 10_000, 2, 20_000, 1, 50_000)
