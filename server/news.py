"""What is new between two looks, as the data of events. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LISTED: Final = 50
"""Conflicts named in one event; `more` says how many others there are."""
_ALWAYS_MOVING: Final = frozenset({"clocks"})
_MOVING_IN_LINKS: Final = frozenset({"lag", "perSecond"})

Status = Mapping[str, Any]
Counts = Mapping[str, Mapping[str, int]]
"""Changes applied so far, by link and table."""
Records = Mapping[tuple[str, str], str]
"""Types of open conflicts by entity and entity id."""


def essence(status: Status) -> dict[str, Any]:
    """Give a status without the figures that never stand still, to tell whether it has changed."""
    links = {
        name: {key: value for key, value in link.items() if key not in _MOVING_IN_LINKS}
        for name, link in status["sync"]["links"].items()
    }
    rest = {key: value for key, value in status.items() if key not in _ALWAYS_MOVING}
    return {**rest, "sync": {**status["sync"], "links": links}}


def applied(before: Counts, after: Counts) -> dict[str, dict[str, int]]:
    """Give how many changes were applied in between, by link and table; only what is more than none."""
    found = {
        link: {
            table: count - before.get(link, {}).get(table, 0)
            for table, count in tables.items()
            if count > before.get(link, {}).get(table, 0)
        }
        for link, tables in after.items()
    }
    return {link: tables for link, tables in found.items() if tables}


def conflicts(before: Records, after: Records) -> dict[str, Any] | None:
    """Give the conflicts that were opened and those that are open no more; None where there are neither."""
    opened = [record for record in after if record not in before]
    resolved = [record for record in before if record not in after]
    if not opened and not resolved:
        return None
    return {
        "open": len(after),
        "opened": [_conflict(record, after) for record in opened[:LISTED]],
        "resolved": [_conflict(record, before) for record in resolved[:LISTED]],
        "more": max(len(opened) - LISTED, 0) + max(len(resolved) - LISTED, 0),
    }


def _conflict(record: tuple[str, str], types: Records) -> dict[str, str]:
    entity, entity_id = record
    return {"entity": entity, "entityId": entity_id, "type": types[record]}
