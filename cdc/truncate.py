"""Carries out TRUNCATEs: a delete of the rows that the source had seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cdc import records
from cdc.by_key import put_off_keys
from cdc.change import CapturedTable, Change
from cdc.emptied import end_put_off
from cdc.errors import SchemaMismatch
from cdc.images import to_image, to_text
from cdc.model import ConflictStatus, ConflictType, Entity, Image, Op, Side
from cdc.records import Entry
from cdc.references import check_orphans
from cdc.shape import ForeignKey
from cdc.target import Target
from cdc.undone import Outcome
from cdc.workset import parents_first
from triggers.statements import statement

_ROWS_BITS: Final = 24


@dataclass(frozen=True, slots=True)
class Truncated:
    """A TRUNCATE of a captured table, or of one partition of it."""

    change: Change
    table: CapturedTable

    @property
    def relation(self) -> Entity:
        """What was named in the statement: the change has it where it is a partition."""
        return Entity(*self.change.columns) if self.change.columns else self.table.entity


async def prepare(target: Target, truncated: Truncated) -> None:
    """Make the mappings that a TRUNCATE needs, before a transaction begins.

    Raises:
        SchemaMismatch: the target has no such table or partition, or no key like the source's.
    """
    entity, key = truncated.table.entity, truncated.table.key_columns
    await target.mapping(entity, target.own_columns(entity), key)
    try:
        await target.mapping(truncated.relation, target.own_columns(truncated.relation), key)
    except SchemaMismatch as mismatch:
        # It is the table that waits: changes of a partition are the table's.
        raise SchemaMismatch(str(mismatch), entity=str(entity), hint=mismatch.hint) from mismatch
    for columns in await _layouts(target, truncated):
        await target.mapping(entity, columns, key, own=True)


@dataclass(slots=True)
class _Left:
    """What a TRUNCATE leaves of a table, by entity id."""

    item: Truncated
    unseen: set[str] = field(default_factory=set)
    """written here, and not applied by the source when it truncated"""
    live: set[str] = field(default_factory=set)
    """with a live entry, which a DELETE would not touch either"""
    put_off: set[str] = field(default_factory=set)
    """those of them that are put off"""
    unsure: set[str] = field(default_factory=set)
    """those of these whose changes so far do not say what the row was before them"""
    copies: Counter[str] = field(default_factory=Counter)
    """of a table without a key: how many of the unseen rows it would have if it had been empty"""
    needed: dict[str, tuple[str, ForeignKey]] = field(default_factory=dict)
    """referred to by a row that is left: the row's text, and the foreign key"""

    @property
    def ids(self) -> set[str]:
        return self.unseen | self.live | self.needed.keys()


async def truncate(target: Target, source: Side, truncated: Iterable[Truncated]) -> Outcome:
    """Empty tables that were truncated together, children first, leaving what the source had not seen.

    A row that cannot go because a row that is left refers to it is put off, as its DELETE would be.

    Args:
        target: the open applying transaction.
        source: the side that truncated.
        truncated: what was truncated, prepared before the transaction.

    Raises:
        ReferenceBroken: a child was written meanwhile.
        KeyError: a form of images appeared that was not prepared for; prepare and try again.
    """
    outcome = Outcome()
    all_left = await _left(target, truncated)
    for left in all_left:
        relation = target.mapped(left.item.relation, target.own_columns(left.item.relation))
        await target.connection.execute(relation.truncate_apply, list(left.ids))
        if left.copies:
            counted = left.copies.keys() - left.live - left.needed.keys()
            rows = [row for row in left.copies.elements() if row in counted]
            await target.connection.execute(relation.truncate_surplus, rows)
        for entity_id, (row, key) in left.needed.items():
            entry = _put_off(source, left.item.table.entity, entity_id, to_image(relation.columns, row), key)
            await records.record(target.connection, entry)
        outcome += await _note(target, source, left) + Outcome(deferred=len(left.needed))
    for entity in {left.item.table.entity for left in all_left} if target.replica else ():
        await check_orphans(target, target.mapped(entity, target.own_columns(entity)))
    return outcome


async def _note(target: Target, source: Side, left: _Left) -> Outcome:
    """Have rows that are left compared later, and tell live entries that the source's row is gone.

    Where that does not tell what becomes of a row that is put off, it is fetched as it is by then.
    """
    table = left.item.table
    if not table.key_columns:
        return Outcome()
    compared, gone, fetched = left.unseen, left.live - left.unsure, left.unsure
    if left.item.relation != table.entity:
        compared, gone, fetched = (
            left.unseen | left.live,
            set(),
            left.put_off,
        )  # of another partition, perhaps
    await put_off_keys(target.connection, source, table.entity, list(fetched))
    await records.recheck(target.connection, table.entity, list(compared), "written beside a TRUNCATE")
    await records.refresh(target.connection, table.entity, [(entity_id, None, None) for entity_id in gone])
    return Outcome(conflicts=len(gone), rechecks=len(compared | gone))


async def deletes(target: Target, source: Side, truncated: Truncated) -> list[Change]:
    """A TRUNCATE as deletes of the rows it would take, for when it cannot be carried out at once."""
    columns = target.own_columns(truncated.table.entity)
    (left,) = await _left(target, [truncated])
    relation = target.mapped(truncated.relation, target.own_columns(truncated.relation))
    kept = left.unseen | left.live if truncated.table.key_columns else left.live
    rows = await target.connection.fetch(relation.truncate_rows, list(kept))
    await _note(target, source, left)
    # Of equal rows as many are left as were not seen.
    rows = [row for row in rows if not _taken(left.copies, row["entity_id"])]
    images = [to_text(columns, to_image(relation.columns, row["current"])) for row in rows]
    # Each has a number of its own, which no change in a changelog has: equal rows without a key go by theirs.
    first = truncated.change.seq << _ROWS_BITS
    return [
        replace(truncated.change, seq=-(first + place), op=Op.DELETE, columns=columns, old=image, seen=None)
        for place, image in enumerate(images)
    ]


def _taken(copies: Counter[str], content: str) -> bool:
    copies[content] -= 1
    return copies[content] >= 0


async def _left(target: Target, truncated: Iterable[Truncated]) -> list[_Left]:
    """What is left of each table, children first."""
    by_relation = {item.relation: item for item in truncated}
    roots = parents_first(target.shapes, list({item.table.entity for item in by_relation.values()}))
    ordered = sorted(by_relation.values(), key=lambda item: roots.index(item.table.entity), reverse=True)
    found = [await _left_alone(target, item) for item in ordered]
    while any([await _add_needed(target, left, found) for left in found]):
        pass
    return found


async def _left_alone(target: Target, item: Truncated) -> _Left:
    left, copies = _Left(item), Counter[str]()
    for columns in await _layouts(target, item):
        mapping = target.mapped(item.table.entity, columns, own=True)
        for row in await target.connection.fetch(mapping.truncate_unseen, *_place(item), list(columns)):
            copies[row["entity_id"]] += int(row["copies"])
    left.unseen = set(copies)
    if not item.table.key_columns:
        left.copies = +copies
        left.unseen = set(left.copies)
        await end_put_off(target, item.table.entity, item.relation)
    rows = await target.connection.fetch(statement("truncate_live", "cdc"), str(item.table.entity))
    left.live = {row["entity_id"] for row in rows} - left.unseen
    left.put_off = left.live & {row["entity_id"] for row in rows if row["put_off"]}
    left.unsure = left.live & {row["entity_id"] for row in rows if row["unsure"]}
    return left


async def _add_needed(target: Target, parent: _Left, all_left: Sequence[_Left]) -> bool:
    """Add the rows that are referred to from what is left elsewhere. Returns whether there were new ones."""
    entity = parent.item.table.entity
    relation = target.mapped(parent.item.relation, target.own_columns(parent.item.relation))
    known = len(parent.needed)
    for key in target.shapes[entity].incoming:
        # A child of which only a partition was truncated counts whole: the parent waits until the window's end.
        child = next((left for left in all_left if left.item.relation == key.child), None)
        ids = None if child is None else list(child.ids)
        if ids == []:
            continue
        pieces = target.mapped(key.child, target.own_columns(key.child)) if child else None
        for row in await target.connection.fetch(relation.needed(key, pieces), ids):
            if row["entity_id"] not in parent.ids:
                parent.needed[row["entity_id"]] = (row["current"], key)
    return len(parent.needed) > known


def _put_off(source: Side, entity: Entity, entity_id: str, image: Image | None, key: ForeignKey) -> Entry:
    return Entry(
        source,
        entity,  # the table's, also where a partition was truncated
        entity_id,
        ConflictType.FOREIGN_KEY_VIOLATION,
        ConflictStatus.DEFERRED,
        base=image,
        incoming=None,
        current=image,
        constraint=key.name,
        error=f"{key.child} still refers to it ({key.name})",
    )


async def _layouts(target: Target, truncated: Truncated) -> Sequence[tuple[str, ...]]:
    rows = await target.connection.fetch(statement("truncate_layouts", "cdc"), *_place(truncated))
    return [tuple(row["columns"]) for row in rows]


def _place(truncated: Truncated) -> tuple[str, str, str | None]:
    entity = truncated.table.entity
    return entity.schema, entity.table, truncated.change.seen
