"""Puts records of one table under lock on both sides, and reads all that a decision on them needs.

Nobody is waited for: rows that an application holds are left out, and said to be busy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import asyncpg

from cdc.decision import Case, Held
from cdc.errors import ConnectivityError, NameMoved, SchemaMismatch
from cdc.former import read_former, read_half
from cdc.images import split_key, to_image
from cdc.kept import check_followed
from cdc.model import Entity, Image, Side
from cdc.names import check_names
from cdc.pairing import key_images, touched
from cdc.patience import CAREFUL_WAIT_MS
from cdc.reader import Reader
from cdc.renamed import check_settled
from cdc.target import Target, check_marks, lock_position
from cdc.twin import on_both
from triggers.statements import statement

_IMAGES: Final = ("base", "reached", "incoming", "current")


@dataclass(frozen=True, slots=True)
class Table:
    """A table on both sides: its key, and the columns that both have and neither computes."""

    entity: Entity
    number: int
    key: tuple[str, ...]
    columns: tuple[str, ...]
    reader: Reader
    """One that knows the table by its number."""

    @property
    def free(self) -> tuple[str, ...]:
        """The common columns without the key."""
        return tuple(name for name in self.columns if name not in self.key)


@dataclass(slots=True)
class Cases:
    """What was found of some records. `busy` are rows that somebody holds, `closed` have no live entry."""

    found: list[Case] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    same: set[str] = field(default_factory=set)
    """Records whose rows are equal on both sides."""
    seen: Mapping[Side, str] = field(default_factory=dict)
    """What each side had done by then, taken under the rows' locks: all that was done to them is visible in it."""
    applied: Mapping[Side, str] = field(default_factory=dict)
    """What the other side has applied of each; none of a side that is not captured."""


async def prepare_table(targets: Mapping[Side, Target], readers: Mapping[Side, Reader], entity: str) -> Table:
    """Find a table and make its mappings; not to be called inside a transaction.

    Raises:
        LookupError: no such table is synced.
        NameMoved: a name stands for different things on the two sides.
        SchemaMismatch: the table has no key, or its two definitions have none in common.
    """
    for reader in readers.values():
        number = reader.number(entity)
        known = reader.known(number) if number is not None else None
        if number is None or known is None:
            continue
        if not known.key_columns:
            raise SchemaMismatch(f"{entity} has no key by which a row could be decided on", entity=entity)
        await _check_names(targets, known.entity)
        shapes = [targets[side].shapes.get(known.entity) for side in Side]
        common = set.intersection(
            *({c.name for c in s.columns if not c.generated} if s else set() for s in shapes)
        )
        # A key that each side computes is not written, but names the row all the same.
        columns = sorted(common.union(known.key_columns))
        for target in targets.values():
            await target.mapping(known.entity, tuple(columns), known.key_columns)
            await target.mapping(known.entity, target.own_columns(known.entity), known.key_columns)
        return Table(known.entity, number, known.key_columns, tuple(columns), reader)
    raise LookupError(entity)


async def _check_names(targets: Mapping[Side, Target], entity: Entity) -> None:
    """Rows are given from one side to the other by names: these have to stand for the same on both."""
    main, backup = (targets[side].connection for side in Side)
    for last in (False, True):
        former, half = await read_former(main) or {}, await read_half(backup)
        sides = {side: target.shapes for side, target in targets.items()}
        try:
            check_names(former, entity, sides)
            check_settled(former, entity, sides, half)
            check_followed(former, entity, sides)
        except NameMoved:
            if last:
                raise
            # The other side may have followed since its tables were read.
            for target in targets.values():
                await target.refresh()
        else:
            return


async def named(target: Target, table: Table, entity_id: str) -> str:
    """The record's own name, where its key was printed in another way; what is no key of it stays as it is."""
    mapping = target.mapped(table.entity, table.columns)
    try:
        name: str = await target.connection.fetchval(mapping.key_name, split_key(entity_id, len(table.key)))
    except (ValueError, asyncpg.DataError):
        return entity_id
    return name


async def lock_positions(targets: Mapping[Side, Target], table: Table) -> dict[Side, str]:
    """Keep both links from applying anything while the open transactions last.

    From here on rows are held, and nobody is waited for: whoever waits for us might hold what we want.

    Returns:
        For each source what has been applied of it.

    Raises:
        ConnectivityError: first contact is not over.
        PositionBusy: a link holds its position for too long.
        ShapeMoved: the table has been altered.
    """
    applied = {}
    for side in Side:
        target = targets[side]
        shape = target.shapes[table.entity]
        row = await lock_position(target.connection, side.other, [shape.relid])
        if row is not None:
            check_marks([shape], row["mark"])
            applied[side.other] = row["seen"]
        elif side is Side.BACKUP:
            raise ConnectivityError("BACKUP has no position yet", hint="run `cdc run` first")
    patience = f"SET LOCAL lock_timeout = {CAREFUL_WAIT_MS}"
    await on_both(lambda side: targets[side].connection.execute(patience))
    return applied


async def open_cases(
    targets: Mapping[Side, Target],
    table: Table,
    ids: Sequence[str],
    applied: Mapping[Side, str],
    *,
    live: bool = True,
) -> Cases:
    """Read some records' entries, and lock and read their rows, inside a transaction on each side.

    Args:
        targets: both sides, their positions locked.
        table: the records' table.
        ids: the records.
        applied: what `lock_positions` found.
        live: leave out those that have no live entry on either side.
    """
    known: dict[str, Image | None] = {}
    entries = await on_both(lambda side: _entries(targets[side], table, ids, known))
    cases = Cases(
        applied=applied,
        closed=[each for each in ids if live and not any(each in entries[side] for side in Side)],
    )
    wanted = sorted(set(ids) - set(cases.closed))
    rows = await on_both(lambda side: _lock(targets[side], table, wanted))
    for found in rows.values():
        cases.busy += [each for each, row in found.items() if not row["locked"]]
    sql, busy = statement("observe_moment", "cdc"), set(cases.busy)
    cases.seen = await on_both(lambda side: targets[side].connection.fetchval(sql))
    columns = {side: targets[side].own_columns(table.entity) for side in Side}
    for entity_id in wanted:
        if entity_id in busy:
            continue
        pair = {side: rows[side].get(entity_id) for side in Side}
        images = {
            side: to_image(columns[side], row["current"] if row else None) for side, row in pair.items()
        }
        if len({row["common"] if row else None for row in pair.values()}) == 1:
            cases.same.add(entity_id)
        held = {side: entries[side][entity_id] for side in Side if entity_id in entries[side]}
        short = frozenset(side for side, row in pair.items() if row is not None and row["short"])
        cases.found.append(Case(entity_id, images, held, short))
    return cases


async def on_their_way(
    targets: Mapping[Side, Target], table: Table, ids: Sequence[str], applied: Mapping[Side, str]
) -> set[str]:
    """Records of which changes have been made on a side that the other side has not met yet."""
    found: set[str] = set()
    for side, seen in applied.items():
        target = targets[side]
        mapping = target.mapped(table.entity, target.own_columns(table.entity))
        found |= await touched(target, mapping, ids, seen) if ids else set()
    return found


async def _entries(
    target: Target, table: Table, ids: Sequence[str], known: dict[str, Image | None]
) -> dict[str, Held]:
    """Live entries by entity id. The two sides' have the same rows in them: `known` are those parsed already."""
    rows = await target.connection.fetch(statement("sync_state_held", "cdc"), str(table.entity), list(ids))
    for row in rows:
        for name in _IMAGES:
            text = row[name]
            if text is not None and text not in known:
                known[text] = json.loads(text)
    return {
        row["entity_id"]: Held(row["type"], row["version"], *(known.get(row[name] or "") for name in _IMAGES))
        for row in rows
    }


async def _lock(target: Target, table: Table, ids: Sequence[str]) -> dict[str, asyncpg.Record]:
    mapping = target.mapped(table.entity, table.columns)
    rows = await target.connection.fetch(mapping.rows_lock, key_images(mapping, ids))
    return {ids[row["n"] - 1]: row for row in rows}
