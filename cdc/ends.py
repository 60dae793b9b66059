"""Puts keys off, each from where its changes start to where they end, in whatever order they were logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from cdc import records
from cdc.chain import Segment, Step, segments
from cdc.images import to_image
from cdc.model import ConflictStatus, ConflictType
from cdc.records import Entry
from cdc.residue import refresh
from cdc.undone import LOCKED, NetChange, Outcome, Residue, entry_of
from cdc.workset import Part
from triggers.statements import statement

Reason = tuple[ConflictType, str | None, str]
"""Conflict type, constraint and text of why something is put off."""
HELD_ELSEWHERE: Final[Reason] = (ConflictType.REJECTED, None, LOCKED)


async def put_off_keys(
    residue: Residue, part: Part, reason: Reason, only: Sequence[str] | None = None
) -> Outcome:
    """Put a table's keys off, inside the open transaction.

    Args:
        residue: the table's context.
        part: their changes.
        reason: why.
        only: the keys, where not all that the part has changes of.
    """
    connection, entity = residue.target.connection, str(residue.mapping.entity)
    chains: dict[str, list[Step]] = {}
    sql = residue.mapping.events(part.batch)
    for row in await connection.fetch(sql, *part.arguments(), entity, only):
        chains.setdefault(row["entity_id"], []).append(Step(int(row["txid"]), row["before"], row["after"]))
    ways = {entity_id: segments(chain) for entity_id, chain in chains.items()}
    unsure = [entity_id for entity_id, way in ways.items() if not all(each.certain for each in way)]
    live = await connection.fetch(statement("sync_state_live", "cdc"), entity, list(ways))
    held = {row["entity_id"] for row in live}
    begun = [entity_id for entity_id, way in ways.items() if way and entity_id not in held]
    entries = [entry_for(residue, _net(entity_id, ways[entity_id].pop(0)), reason) for entity_id in begun]
    await records.record_all(connection, entries, reorder=residue.paged)
    outcome = Outcome(deferred=len(entries))
    columns = residue.mapping.columns
    for several in zip_longest(*([_net(entity_id, each) for each in way] for entity_id, way in ways.items())):
        rest = [net for net in several if net is not None]
        await refresh(
            residue,
            [(net.entity_id, to_image(columns, net.before), to_image(columns, net.after)) for net in rest],
        )
        outcome += Outcome(conflicts=len(rest), rechecks=len(rest))
    await records.recheck(connection, entity, unsure, "several orders of its changes fit")
    return outcome + Outcome(rechecks=len(unsure))


def entry_for(residue: Residue, net: NetChange, reason: Reason) -> Entry:
    """The entry of a net change that is put off."""
    kind, constraint, text = reason
    entry = entry_of(residue, net, kind, None, ConflictStatus.DEFERRED)
    return replace(entry, constraint=constraint, error=text)


def _net(entity_id: str, segment: Segment) -> NetChange:
    return NetChange(entity_id, segment.before, segment.after)
