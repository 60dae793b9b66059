"""Writes to cdc.sync_state and cdc.recheck inside an applying transaction: a conflict is never only in a log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from cdc.conflicts import Related
from cdc.model import ConflictStatus, ConflictType, Entity, Image, Side
from cdc.session import Connection
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that was not simply applied, with everything a person needs to decide on it."""

    source: Side
    entity: Entity
    entity_id: str
    type: ConflictType
    status: ConflictStatus
    base: Image | None
    incoming: Image | None
    current: Image | None
    constraint: str | None = None
    error: str | None = None
    resolution: Side | None = None
    resolved_by: str | None = None
    reason: str | None = None
    reached: Image | None = None
    """Of summed columns: the base with what was added since; the same as `incoming` for the first change."""
    automatic: bool = False
    """The table's policy is to be asked what to do."""


def dump(image: Image | None) -> str | None:
    """An image as JSON text; None stays None."""
    return None if image is None else json.dumps(image, ensure_ascii=False)


def dump_related(related: Sequence[Related]) -> str | None:
    """Records that stand in the way as JSON text; None where there are none."""
    found = [
        {"side": each.side.value, "entity": each.entity, "entityId": each.entity_id, "row": each.row}
        for each in related
    ]
    return json.dumps(found, ensure_ascii=False) if found else None


async def record(connection: Connection, entry: Entry, *, reorder: bool = False) -> None:
    """Keep an entry, or refresh the live one of its key, with `reorder` as `refresh` does."""
    await record_all(connection, [entry], reorder=reorder)


async def record_all(connection: Connection, entries: Sequence[Entry], *, reorder: bool = False) -> None:
    """Keep entries of different records in one go; a storm of conflicts must not hold up the batch it is in."""
    if not entries:
        return
    rows = [
        (
            entry.source.value,
            str(entry.entity),
            entry.entity_id,
            entry.type.value,
            entry.status.value,
            entry.constraint,
            entry.error,
            dump(entry.base),
            dump(entry.incoming),
            dump(entry.current),
            entry.resolution.value if entry.resolution else None,
            entry.resolved_by,
            entry.reason,
            dump(entry.reached),
            entry.automatic,
        )
        for entry in entries
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(statement("sync_state_record", "cdc"), *columns, reorder)


async def refresh(
    connection: Connection,
    entity: Entity,
    changes: Sequence[tuple[str, Image | None, Image | None]],
    *,
    reorder: bool = False,
) -> dict[str, Image]:
    """Give live entries the source's newest row, and have both sides' rows compared.

    Args:
        connection: the open applying transaction.
        entity: the table.
        changes: for each record its id and the source's row before and after the change.
        reorder: changes go where they belong in a put-off entry, not behind it: they are of one transaction that
            was read in parts, and may have been logged in another order.

    Returns:
        What summed columns had reached before, of the entries to which the changes add.
    """
    ids = [entity_id for entity_id, _, _ in changes]
    rows = await connection.fetch(
        statement("sync_state_refresh", "cdc"),
        str(entity),
        ids,
        [dump(after) for _, _, after in changes],
        [dump(before) for _, before, _ in changes],
        reorder,
    )
    await recheck(connection, entity, ids, "changed while in conflict")
    return {row["entity_id"]: json.loads(row["reached"]) for row in rows if not row["earlier"]}


async def versions(
    connection: Connection,
    entity: Entity,
    entity_ids: Sequence[str],
    images: Sequence[tuple[Image | None, Image | None]],
) -> None:
    """Give open conflicts the rows (incoming, current) that were found, so that no version is only in a table."""
    if entity_ids:
        incoming, current = [dump(each[0]) for each in images], [dump(each[1]) for each in images]
        sql = statement("sync_state_versions", "cdc")
        await connection.execute(sql, str(entity), list(entity_ids), incoming, current)


async def recheck(
    connection: Connection, entity: Entity | str, entity_ids: Sequence[str], reason: str
) -> None:
    """Have both sides' rows of some keys compared once both links have passed this point."""
    if entity_ids:
        await connection.execute(statement("recheck_add", "cdc"), str(entity), list(entity_ids), reason)
