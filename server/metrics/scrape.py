"""All metrics as the text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric

from server.metrics.labelled import labelled
from server.metrics.measured import Measured
from server.metrics.plain import plain


@dataclass(frozen=True, slots=True, eq=False)
class _Scrape:
    """Gives the metrics of one scrape to a registry of its own."""

    known: Measured

    def collect(self) -> Iterator[Metric]:
        """Make all of them."""
        yield from labelled(self.known)
        yield from plain(self.known)
        yield from _process().collect()


@cache
def _process() -> ProcessCollector:
    return ProcessCollector(namespace="cdc", registry=None)


def text(known: Measured) -> bytes:
    """Write all metrics."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Scrape(known))
    return generate_latest(registry)
