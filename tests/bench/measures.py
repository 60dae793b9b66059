"""The measurements, one value or more for one subject each time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.bench.files import Files
from tests.bench.lag import lags, percentile
from tests.bench.rig import connected, until
from tests.bench.sizes import Sizes
from tests.bench.subject import Subject
from tests.bench.workload import bulk_milliseconds, transactions_per_second, write_backlog

_CATCH_UP_WITHIN = 600.0  # seconds


Values = dict[str, float]


async def lag(subject: Subject, sizes: Sizes) -> Values:
    """Lag of steady single-row commits; without anything that moves them: seen on the very same server."""
    await subject.settle()
    async with subject.running():
        reader = subject.backup if subject.moves else subject.main
        found = await lags(subject.main, reader, first=2, seconds=sizes.lag_seconds)
    return {
        "lag p50": percentile(found, 0.50),
        "lag p95": percentile(found, 0.95),
        "lag p99": percentile(found, 0.99),
        "lag max": max(found),
    }


async def catch_up(subject: Subject, sizes: Sizes) -> Values:
    """Changes a second of a backlog written while the subject was stopped; its start is in the time."""
    async with subject.running():
        pass
    async with connected(subject.main, subject.backup) as [main, backup]:
        begun = time.perf_counter()
        backlog = await write_backlog(main, sizes.inserts, sizes.rows)
        writing = time.perf_counter() - begun
        await subject.settle()
        first_seen = begun = time.perf_counter()
        await subject.start()
        try:

            async def here() -> bool:
                nonlocal first_seen
                subject.check()
                everything, something = await backlog.arrived(backup)
                if not something:
                    first_seen = time.perf_counter()
                return everything

            await until(here, within=_CATCH_UP_WITHIN)
            took = time.perf_counter() - begun
            await subject.drained()
        finally:
            await subject.stop()
    return {
        "catch-up": backlog.changes / took,
        "catch-up seconds": took,
        "first change seconds": first_seen - begun,
        "backlog written": backlog.changes / writing,
    }


async def writers(subject: Subject, sizes: Sizes) -> Values:
    """Committed one-row updates a second, by one client and by eight."""
    values = {}
    for clients in (1, 8):
        await subject.settle()
        async with subject.running():
            values[f"writers {clients}"] = await transactions_per_second(
                subject.main, clients=clients, seconds=sizes.writer_seconds, rows=sizes.rows
            )
    return values


async def bulk(subject: Subject, sizes: Sizes) -> Values:
    """Milliseconds of one INSERT ... SELECT and one UPDATE over many rows."""
    await subject.settle()
    inserted, updated = await bulk_milliseconds(subject.main, sizes.bulk_rows)
    return {"bulk insert": inserted, "bulk update": updated}


async def files(subject: Subject, _sizes: Sizes) -> Values:
    """Seconds to write a database to a file, and to make it anew from that."""
    if not isinstance(subject, Files):
        raise TypeError(f"{subject.name} writes no files")
    return await subject.measure()


@dataclass(frozen=True, slots=True)
class Measure:
    """A measurement and the subjects it is for."""

    name: str
    subjects: tuple[str, ...]
    take: Callable[[Subject, Sizes], Awaitable[Values]]


MEASURES = (
    Measure("lag", ("none", "ours", "native"), lag),
    Measure("catchup", ("ours", "native"), catch_up),
    Measure("writers", ("none", "capture", "ours", "native"), writers),
    Measure("bulk", ("none", "capture"), bulk),
    Measure("snapshot", ("snapshot", "pg_dump"), files),
)
