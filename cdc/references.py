"""Foreign keys the server does not check for us, because it works under the replica role or would cascade."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from cdc.mapping import Mapping
from cdc.shape import ForeignKey
from cdc.target import Target
from cdc.workset import Part


class ReferenceBroken(Exception):
    """A foreign key would not hold after these changes."""

    def __init__(self, key: ForeignKey, reference: str) -> None:
        """Name the constraint and the missing reference."""
        self.constraint = key.name
        super().__init__(f"{key.child} references {key.parent} {reference}, which is not there ({key.name})")


async def check_references(
    target: Target,
    mapping: Mapping,
    part: Part,
    suspicions: asyncpg.Record,
    *,
    lock: bool = True,
    every: bool = False,
) -> None:
    """Check the keys that a batch gives reason to, locking the parents that are found.

    Args:
        target: where the batch was applied under the replica role.
        mapping: the table's mapping.
        part: the changes that were applied.
        suspicions: the totals of the apply statement: booleans per checked key, `outgoing` and `incoming`.
        lock: the parents are not locked yet.
        every: rows were written that were not as expected: check all that they refer to.

    Raises:
        ReferenceBroken: a child would be without its parent.
    """
    for outgoing, keys, flags in (
        (True, mapping.shape.outgoing, suspicions["outgoing"]),
        (False, mapping.shape.incoming, suspicions["incoming"]),
    ):
        checked = mapping.checked(keys, outgoing=outgoing)
        for key, suspected in zip(checked, flags or (), strict=True):
            if suspected or (every and outgoing):
                await _check(
                    target, mapping.references(key, part.batch, outgoing=outgoing, lock=lock), part, key
                )


async def check_dependents(target: Target, mapping: Mapping, part: Part) -> None:
    """Refuse deletes that the server would cascade to rows which the source never saw.

    Raises:
        ReferenceBroken: such a row exists.
    """
    for key in mapping.checked(mapping.shape.incoming, outgoing=False):
        if key.cascades:
            await _check(target, mapping.dependents(key, part.batch), part, key)


async def check_orphans(target: Target, mapping: Mapping) -> None:
    """Refuse a TRUNCATE that leaves children elsewhere without their parents.

    Raises:
        ReferenceBroken: there is such a child.
    """
    for key in mapping.checked(mapping.shape.incoming, outgoing=False):
        row = await target.connection.fetchrow(mapping.orphans(key))
        if row is not None:
            raise ReferenceBroken(key, row["reference"])


async def _check(target: Target, sql: str, part: Part, key: ForeignKey) -> None:
    rows: Sequence[asyncpg.Record] = await target.connection.fetch(sql, *part.arguments())
    if rows:
        raise ReferenceBroken(key, rows[0]["reference"])
