"""What a set-based statement left undone, row by row: decided by the pure core, kept in cdc.sync_state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from cdc import records
from cdc.chain import Step, segments
from cdc.detect import Facts, Verdict, detect, is_ahead
from cdc.images import to_image
from cdc.mapping import Mapping
from cdc.model import ConflictStatus, ConflictType, Image
from cdc.records import Entry
from cdc.sums import add, adds
from cdc.target import Target
from cdc.undone import NetChange, Outcome, Residue, entry_of, put_off_locked
from cdc.workset import Part
from triggers.statements import statement

_PROVISIONAL: Final = {
    Verdict.ALREADY_THERE: ConflictType.UPDATE_ORIGIN_DIFFERS,
    Verdict.GONE: ConflictType.DELETE_ORIGIN_DIFFERS,
}
"""What is put off before the rest is there: of changes logged in the wrong order, the first may be the last."""


async def settle(residue: Residue, part: Part, rows: Sequence[asyncpg.Record]) -> Outcome:
    """Deal with the net changes that the apply statement did not carry out.

    Args:
        residue: the table's context.
        part: the changes the statement was given.
        rows: its result: act (B chain broken, H held by a live entry, else not as expected), entity_id, images.

    Raises:
        asyncpg.PostgresError: what stands in the way of a row that no conflict stops.
    """
    held = [row for row in rows if row["act"] == "H"]
    broken = [row["entity_id"] for row in rows if row["act"] == "B"]
    rest = [
        NetChange(row["entity_id"], row["before"], row["after"])
        for row in rows
        if row["act"] not in {"B", "H"}
    ]
    outcome = Outcome()
    if held:
        columns = residue.mapping.columns
        newest = [
            (row["entity_id"], to_image(columns, row["before"]), to_image(columns, row["after"]))
            for row in held
        ]
        await refresh(residue, newest)
        outcome += Outcome(conflicts=len(held), rechecks=len(held))
    if broken:
        outcome += await _settle_broken(residue, part, broken)
    if rest:
        outcome += await judge(residue, rest)
    return outcome


async def refresh(residue: Residue, changes: Sequence[tuple[str, Image | None, Image | None]]) -> None:
    """Give live entries the source's newest rows, and add up what is summed."""
    reached = await records.refresh(
        residue.target.connection, residue.mapping.entity, changes, reorder=residue.paged
    )
    if reached:
        await add(residue.target, residue.mapping.shape, changes, reached)


async def _settle_broken(residue: Residue, part: Part, entity_ids: Sequence[str]) -> Outcome:
    """Bring each key's changes into an order that chains, and carry them out segment by segment."""
    sql = residue.mapping.events(part.batch)
    events = await residue.target.connection.fetch(
        sql, *part.arguments(), str(residue.mapping.entity), list(entity_ids)
    )
    steps: dict[str, list[Step]] = {}
    for row in events:
        step = Step(int(row["txid"]), row["before"], row["after"])
        steps.setdefault(row["entity_id"], []).append(step)
    outcome = Outcome()
    uncertain = []
    for entity_id, chain in steps.items():
        for segment in segments(chain):
            if not segment.certain:
                uncertain.append(entity_id)
            change = NetChange(entity_id, segment.before, segment.after)
            if await _is_live(residue, entity_id):
                columns = residue.mapping.columns
                images = to_image(columns, change.before), to_image(columns, change.after)
                await refresh(residue, [(entity_id, *images)])
                outcome += Outcome(conflicts=1, rechecks=1)
            else:
                outcome += await judge(residue, [change])
    await records.recheck(
        residue.target.connection, residue.mapping.entity, uncertain, "several orders of its changes fit"
    )
    return outcome + Outcome(rechecks=len(uncertain))


async def _is_live(residue: Residue, entity_id: str) -> bool:
    entity = str(residue.mapping.entity)
    sql = statement("sync_state_live", "cdc")
    return await residue.target.connection.fetchrow(sql, entity, [entity_id]) is not None


async def judge(residue: Residue, changes: Sequence[NetChange]) -> Outcome:
    """Lock the rows behind some net changes, one per key, compare, decide and act on each."""
    rows = await residue.target.connection.fetch(
        residue.mapping.examine,
        [change.entity_id for change in changes],
        [change.before for change in changes],
        [change.after for change in changes],
    )
    locked = {row["entity_id"]: row for row in rows if row["locked"]}
    present = {row["entity_id"] for row in rows}
    outcome = Outcome()
    again = []
    kept: list[Entry] = []
    for change in changes:
        row = locked.get(change.entity_id)
        if row is None and change.entity_id in present:
            await put_off_locked(residue, change)
            outcome += Outcome(deferred=1)
            continue
        verdict = detect(
            Facts(
                change.before is not None,
                change.after is not None,
                row is not None,
                row is not None and row["same_as_before"],
                row is not None and row["same_as_after"],
            )
        )
        if verdict is Verdict.ALREADY_THERE and _adds(residue, change):
            verdict = ConflictType.UPDATE_ORIGIN_DIFFERS
        elif verdict is ConflictType.UPDATE_ORIGIN_DIFFERS and _is_ahead(residue, change, row):
            verdict = Verdict.APPLY
            again.append(change.entity_id)  # somebody may have written the same reference there
        put_off = residue.provisional and verdict is not Verdict.APPLY and change.before != change.after
        if put_off and not (verdict is Verdict.ALREADY_THERE and _followed(residue, change)):
            kind = verdict if isinstance(verdict, ConflictType) else _PROVISIONAL[verdict]
            current = row["current"] if row else None
            kept.append(entry_of(residue, change, kind, current, ConflictStatus.DEFERRED))
            outcome += Outcome(deferred=1)
        elif isinstance(verdict, ConflictType):
            entry = await _conflict(residue, change, verdict, row)
            outcome += Outcome(applied=1) if entry.resolution else Outcome(conflicts=1)
            kept.append(entry)
            again.append(change.entity_id)
        elif verdict is Verdict.APPLY:
            await write(residue, change, present=row is not None)
            outcome += Outcome(applied=1)
        else:
            again.append(change.entity_id)
            outcome += Outcome(applied=1)
    await records.record_all(residue.target.connection, kept, reorder=residue.provisional)
    await records.recheck(
        residue.target.connection, residue.mapping.entity, again, "met in conflict, or as already there"
    )
    return outcome + Outcome(rechecks=len(again))


def _adds(residue: Residue, change: NetChange) -> bool:
    columns = residue.mapping.columns
    return bool(residue.policy.summed) and adds(
        residue.policy, to_image(columns, change.before), to_image(columns, change.after)
    )


def _followed(residue: Residue, change: NetChange) -> bool:
    """Whether a row is there already because the server has it follow its parent: nothing else says more of it."""
    before = to_image(residue.mapping.columns, change.before)
    after = to_image(residue.mapping.columns, change.after)
    if before is None or after is None:
        return False
    return {name for name in after if before.get(name) != after[name]} <= _following(residue)


def _is_ahead(residue: Residue, change: NetChange, row: asyncpg.Record | None) -> bool:
    """Whether a row is as it was but for references that the server has had follow their parents."""
    columns = residue.mapping.columns
    before, after = to_image(columns, change.before), to_image(columns, change.after)
    every = [column.name for column in residue.mapping.shape.columns]
    current = to_image(every, row["current"]) if row is not None else None
    return is_ahead(before, after, current, _following(residue))


def _following(residue: Residue) -> set[str]:
    """Columns that the server itself writes to where a parent gets another key: none as a replica."""
    keys = () if residue.target.replica else residue.mapping.shape.outgoing
    return {name for key in keys if key.follows for name in key.child_columns}


async def written_otherwise(target: Target, mapping: Mapping, part: Part) -> int:
    """Put rows of a batch that are not as they were to be written on the list of rechecks; returns how many."""
    rows = await target.connection.fetch(mapping.unwritten(part.batch), *part.arguments())
    found = [row["entity_id"] for row in rows]
    await records.recheck(target.connection, mapping.entity, found, "a trigger changed what was written")
    return len(found)


async def write(residue: Residue, change: NetChange, *, present: bool) -> None:
    """Give the target's row the change's image, whatever it holds now.

    Raises:
        asyncpg.PostgresError: what stands in the way.
    """
    mapping, connection = residue.mapping, residue.target.connection
    if change.after is None:
        if present:
            await connection.execute(mapping.row_delete, change.before)
    elif present:
        await connection.execute(mapping.row_update, change.after)
    else:
        await connection.execute(mapping.row_insert, change.after)


async def _conflict(
    residue: Residue, change: NetChange, kind: ConflictType, row: asyncpg.Record | None
) -> Entry:
    """The entry that a conflict becomes, after the policy has been carried out where it names a winner.

    A row that the entry could not hold whole is not overwritten without asking a person.
    """
    current = row["current"] if row is not None else None
    winner = residue.policy.winner
    if winner is residue.source and row is not None and row["short"]:
        winner = None
    if winner is residue.source:
        await write(residue, change, present=current is not None)
    entry = replace(entry_of(residue, change, kind, current), automatic=residue.policy.decides)
    if winner is None:
        return entry
    return replace(
        entry,
        status=ConflictStatus.RESOLVED,
        resolution=winner,
        resolved_by="policy",
        reason=f"{residue.policy} is the policy of {residue.mapping.entity}",
    )
