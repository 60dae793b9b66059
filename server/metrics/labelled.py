"""Metrics with labels: databases, links, tables. Pure.

What is not known (a database is away) is left out; `cdc_database_up` says why. docs/metrics.md lists them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from cdc.lag import BOUNDS
from cdc.model import Side
from server.health import LinkState
from server.metrics.measured import CARDINALITY, Measured
from server.problems import LINK_NAMES

MS: Final = 1000.0


def labelled(known: Measured) -> Iterator[Metric]:
    """Make every metric that has labels."""
    yield _gauge("cdc_info", "The version that runs; always 1", ["version"], [([known.status["version"]], 1)])
    databases = known.status["databases"].items()
    yield _gauge(
        "cdc_database_up",
        "Whether a database answers",
        ["side"],
        [([side], each["connected"]) for side, each in databases],
    )
    yield from _links(known)
    yield from _tables(known)
    yield from _sides(known)


def _links(known: Measured) -> Iterator[Metric]:
    status = known.status
    links = {name: each for name, each in status["sync"]["links"].items() if _is_wanted(status, name)}
    for name, text, key, factor in (
        ("cdc_link_pending_changes", "Changes that wait; counting ends at a million", "pending", 1.0),
        ("cdc_link_oldest_pending_seconds", "Age of the oldest change that waits", "lagMs", MS),
        ("cdc_link_consecutive_failures", "Failures in a row", "consecutiveFailures", 1.0),
    ):
        found = [([link], each[key] / factor) for link, each in links.items() if each[key] is not None]
        yield _gauge(name, text, ["link"], found)
    yield _gauge(
        "cdc_link_state",
        "1 for the state that a link is in",
        ["link", "state"],
        [
            ([link, state.value], each["state"] == state.value)
            for link, each in links.items()
            for state in LinkState
        ],
    )
    yield _counter(
        "cdc_link_applied_changes_total",
        "Changes applied since both sides first met",
        ["link"],
        [([link], each["appliedTotal"]) for link, each in links.items() if each["appliedTotal"] is not None],
    )
    failed = [([link], float(count)) for link, count in known.failures.items()]
    yield _counter("cdc_link_failures_total", "Failures since the start", ["link"], failed)
    lags = HistogramMetricFamily(
        "cdc_link_lag_seconds", "From a change's write to its commit on the other side", labels=["link"]
    )
    for link, stats in known.stats.items():
        sums = accumulate(stats.lags.counts)
        bounds = [*map(str, BOUNDS), "+Inf"]
        lags.add_metric([link], [*zip(bounds, sums, strict=True)], stats.lags.total_s)
    yield lags


def _tables(known: Measured) -> Iterator[Metric]:
    applied = [
        ([link, table], float(count))
        for link, stats in known.stats.items()
        for table, count in stats.tables.most_common(CARDINALITY)
    ]
    yield _counter(
        "cdc_table_applied_changes_total", "Changes applied since the start", ["link", "table"], applied
    )
    conflicts = [([*key], float(count)) for key, count in (known.conflicts or {}).items()]
    yield _gauge("cdc_conflicts_open", "Records with an open conflict", ["table", "type"], conflicts)
    met = [([link], stats.conflicts) for link, stats in known.stats.items()]
    yield _counter("cdc_link_conflicts_total", "Conflicts opened or met again since the start", ["link"], met)


def _sides(known: Measured) -> Iterator[Metric]:
    logs = known.changelogs.items()
    yield _gauge(
        "cdc_changelog_bytes",
        "Size of a changelog with its index",
        ["side"],
        [([side.value], log.size) for side, log in logs],
    )
    yield _gauge(
        "cdc_changelog_oldest_seconds",
        "Age of the oldest change that is kept",
        ["side"],
        [([side.value], log.oldest_seconds) for side, log in logs],
    )
    places = known.spaces.items()
    yield _gauge(
        "cdc_disk_free_bytes",
        "Room that is left",
        ["place"],
        [([place], room.free) for place, room in places],
    )
    yield _gauge(
        "cdc_disk_size_bytes",
        "Size of that file system",
        ["place"],
        [([place], room.total) for place, room in places],
    )
    ended = [([*key], float(count)) for key, count in known.operations.items()]
    text = "Operations that this process ended"
    yield _counter("cdc_operations_total", text, ["type", "status"], ended)


def _is_wanted(status: Mapping[str, Any], link: str) -> bool:
    """Whether a link is meant to run: one that is not is no link that has stopped."""
    return status["enabled"] and (status["sync"]["twoWay"] or link == LINK_NAMES[Side.MAIN])


Samples = Iterable[tuple[list[str], float]]


def _gauge(name: str, text: str, labels: list[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, float(value))
    return family


def _counter(name: str, text: str, labels: list[str], samples: Samples) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, float(value))
    return family
