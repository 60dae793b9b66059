"""The order of tables in a file: each after those that its foreign keys refer to, where that can be. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.snapshot.format import TableHead


def parents_first(tables: Sequence[TableHead]) -> tuple[TableHead, ...]:
    """Order tables by their references, otherwise by name.

    A table that refers to itself is no obstacle. Where tables refer to each other in a circle, the one that waits
    for the fewest others goes first.
    """
    waiting = {table.entity: table for table in sorted(tables, key=lambda one: one.entity)}
    ordered: list[TableHead] = []
    while waiting:
        needs = {
            entity: len({other for other in table.references if other != entity} & waiting.keys())
            for entity, table in waiting.items()
        }
        fewest = min(needs.values())
        ready = [entity for entity, count in needs.items() if count == fewest]
        ordered += [waiting.pop(entity) for entity in (ready if not fewest else ready[:1])]
    return tuple(ordered)
