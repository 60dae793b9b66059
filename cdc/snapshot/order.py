"""The order of tables in a file: each after those that its foreign keys refer to, where that can be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from cdc.snapshot.format import TableHead


def parents_first(tables: Sequence[TableHead]) -> tuple[TableHead, ...]:
    """Order tables by their references, otherwise by name.

    A table that refers to itself is no obstacle. Where tables refer to each other in a circle, one of the circle goes
    first; tables that only hang on it come after.
    """
    waiting = {table.entity: table for table in sorted(tables, key=lambda one: one.entity)}
    needs = {entity: set(table.references) & waiting.keys() - {entity} for entity, table in waiting.items()}
    ordered: list[TableHead] = []
    while waiting:
        ready = [entity for entity in waiting if not needs[entity] & waiting.keys()]
        if not ready:
            ready = [next(entity for entity in waiting if _is_in_first_circle(entity, needs, waiting.keys()))]
        ordered += [waiting.pop(entity) for entity in ready]
    return tuple(ordered)


def _is_in_first_circle(entity: str, needs: Mapping[str, set[str]], waiting: AbstractSet[str]) -> bool:
    """Whether all that a table needs, directly or not, needs the table."""
    return all(entity in _all_needs(other, needs, waiting) for other in _all_needs(entity, needs, waiting))


def _all_needs(entity: str, needs: Mapping[str, set[str]], waiting: AbstractSet[str]) -> set[str]:
    found: set[str] = set()
    edge = {entity}
    while edge:
        edge = {other for one in edge for other in needs[one] & waiting} - found
        found |= edge
    return found
