"""Whether both databases hold the same rows, while they are being written to; and making one side right again.

A difference counts once both links have applied all that there was when it was found, and neither side has
changed the row since. Rows that never hold still long enough are counted apart, as moving.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from cdc.catalog import read_shapes
from cdc.copy_tasks import Progress
from cdc.errors import SchemaMismatch
from cdc.model import Entity, Side
from cdc.pairing import Pair
from cdc.passing import Moments, applied, moments, passed
from cdc.repair import repair_rows
from cdc.resolve import Resolver
from cdc.session import Connection, Endpoint, connect
from cdc.suspects import Suspects
from cdc.table_pair import TablePair, pair
from cdc.target import Target
from cdc.verdict import TableVerdict, VerifyReport
from triggers.statements import statement

PATIENCE_S: Final = 30.0
"""How long a link may take to apply what there was at a look."""
LOOKS: Final = 5
"""Looks at rows that keep changing."""
ASKED: Final = 1_000
"""At most so many standing rows of a table are looked for in the changelogs one by one."""
REPAIRED: Final = 10_000
"""At most so many rows of a table are repaired at a time."""
MOST_LIVE: Final = 100_000


@dataclass(slots=True)
class _Table:
    """A table that is compared; `moments` are those before its last look and before the one before that."""

    suspects: Suspects
    rows: dict[Side, int]
    moments: tuple[Moments, Moments]
    moving: set[str] = field(default_factory=set)

    @property
    def unsettled(self) -> bool:
        return self.suspects.rows > self.suspects.standing


async def verify_sides(
    main: Endpoint,
    backup: Endpoint,
    *,
    tables: Sequence[str] = (),
    repair: Side | None = None,
    progress: Progress,
) -> VerifyReport:
    """Compare all synced tables of both sides; writers and links go on, nothing is locked.

    Args:
        main: MAIN, with schema cdc.
        backup: BACKUP, likewise.
        tables: only these, by the contract's names; none: all that are synced.
        repair: the side whose rows are made equal to the other's where they differ, as if a person had decided
            each for the other side; None: nothing is written.
        progress: told a table's name, rows compared, rows in all.

    Raises:
        SchemaMismatch: a table that was asked for is not synced.
        ConnectivityError: a side cannot be reached.
    """
    async with _connected(main, backup, "verify") as sides:
        pairs, failed = await _pairs(sides, main, backup, tables)
        found = await _look(sides, pairs, progress)
        notes = await _settle(sides, found)
        async with _looked_up(main, backup, found) as lookup:
            for table in found:
                await _leave_moving(table, lookup)
            verdicts = [await _verdict(table) for table in found]
            if repair is not None and lookup:
                async with Resolver(main, backup) as resolver:
                    items = [item for table in found for item in await _to_repair(table, lookup, repair)]
                    done = await repair_rows(resolver, items, repair)
                verdicts = [replace(one, repaired=done.get(one.entity, 0)) for one in verdicts]
                notes += _left_over(verdicts, found)
    return VerifyReport((*verdicts, *failed), tuple(notes))


@asynccontextmanager
async def _connected(main: Endpoint, backup: Endpoint, purpose: str) -> AsyncIterator[dict[Side, Connection]]:
    async with AsyncExitStack() as stack:
        sides = {}
        for endpoint in (main, backup):
            sides[endpoint.side] = await connect(endpoint, purpose)
            stack.callback(sides[endpoint.side].terminate)
        yield sides


async def _pairs(
    sides: Mapping[Side, Connection], main: Endpoint, backup: Endpoint, tables: Sequence[str]
) -> tuple[list[TablePair], list[TableVerdict]]:
    """The synced tables matched, and those that cannot be."""
    here = await read_shapes(sides[Side.MAIN], main.schemas)
    there = await read_shapes(sides[Side.BACKUP], backup.schemas)
    # MAIN's tables are captured in either mode.
    rows = await sides[Side.MAIN].fetch(statement("captured_tables", "cdc"))
    synced = {Entity(row["schema_name"], row["table_name"]): tuple(row["key_columns"]) for row in rows}
    known = {str(entity): entity for entity in synced if entity.schema in main.schemas}
    if unknown := [name for name in tables if name not in known]:
        raise SchemaMismatch(
            f"not synced: {', '.join(unknown)}", hint="`cdc install-triggers` prints the tables that are"
        )
    pairs, failed = [], []
    for name, entity in sorted(known.items()):
        if tables and name not in tables:
            continue
        try:
            pairs.append(pair(entity, (Side.MAIN, Side.BACKUP), here, there, key=synced[entity]))
        except SchemaMismatch as error:
            failed.append(TableVerdict(name, error=str(error)))
    return pairs, failed


async def _look(
    sides: Mapping[Side, Connection], pairs: Sequence[TablePair], progress: Progress
) -> list[_Table]:
    """Look at all rows of all tables."""
    found = []
    for number, one in enumerate(pairs):
        before = await moments(sides)
        suspects = Suspects(one, number, sides[Side.BACKUP], sides[Side.MAIN])
        here, there = await suspects.look()
        found.append(_Table(suspects, {Side.BACKUP: here.rows, Side.MAIN: there.rows}, (before, before)))
        progress(str(one.entity), there.rows, there.rows)
    return found


async def _settle(sides: Mapping[Side, Connection], found: Sequence[_Table]) -> list[str]:
    """Look at what differs until it stands or has become equal; where a link does not move, by the changelogs."""
    for _ in range(LOOKS):
        waiting = [table for table in found if table.unsettled]
        if not waiting:
            break
        behind = await passed(sides, await moments(sides), PATIENCE_S)
        for table in waiting:
            if behind and table.suspects.keyed:
                table.moments = (await applied(sides),) * 2
                await table.suspects.all_stand()
            elif not behind:
                table.moments = (table.moments[1], await moments(sides))
                await table.suspects.look_again()
        if behind:
            names = " and ".join(f"the link from {side}" for side in behind)
            return [f"{names} did not apply what there was within {PATIENCE_S:g} s; rows may be under way"]
    return []


@asynccontextmanager
async def _looked_up(
    main: Endpoint, backup: Endpoint, found: Sequence[_Table]
) -> AsyncIterator[dict[Side, Target]]:
    """Sessions that look rows up in the changelogs, where anything stands."""
    if not any(table.suspects.standing for table in found):
        yield {}
        return
    async with _connected(main, backup, "verify") as sides:
        targets = {
            side: Target(sides[side], endpoint.schemas)
            for side, endpoint in ((Side.MAIN, main), (Side.BACKUP, backup))
        }
        for target in targets.values():
            await target.prepare()
        yield targets


async def _leave_moving(table: _Table, lookup: Mapping[Side, Target]) -> None:
    """Find out which of the rows that stand were written since the look before: content cannot tell."""
    suspects, since = table.suspects, table.moments[0]
    if not suspects.standing or not suspects.keyed:
        return
    one = await _pair_of(table, lookup, Side.BACKUP)
    ids = await suspects.ids(None, ASKED)
    table.moving |= await one.touched(ids, since[Side.BACKUP], since[Side.MAIN])


async def _pair_of(table: _Table, lookup: Mapping[Side, Target], here: Side) -> Pair:
    shape = table.suspects.pair
    one = Pair(shape.entity, shape.key, lookup[here], lookup[here.other])
    for side in Side:  # types are made outside transactions
        await one.mapping(lookup[side], lookup[side.other])
    return one


async def _to_repair(table: _Table, lookup: Mapping[Side, Target], loser: Side) -> list[tuple[Pair, str]]:
    suspects = table.suspects
    if not suspects.keyed or not suspects.standing:
        return []
    one = await _pair_of(table, lookup, loser)
    ids = await suspects.ids(None, REPAIRED)
    return [(one, entity_id) for entity_id in ids if entity_id not in table.moving]


def _left_over(verdicts: Sequence[TableVerdict], found: Sequence[_Table]) -> list[str]:
    """Say what repairing could not do."""
    notes = []
    for verdict, table in zip(verdicts, found, strict=True):
        differing = verdict.differing + verdict.missing_main + verdict.missing_backup
        if not table.suspects.keyed and differing:
            notes.append(f"{verdict.entity} has no key to repair rows by; `cdc resync` makes it equal")
        elif differing > verdict.repaired:
            left = differing - verdict.repaired
            notes.append(f"{left} rows of {verdict.entity} were not repaired; see `cdc conflicts`")
    return notes


async def _verdict(table: _Table) -> TableVerdict:
    suspects = table.suspects
    entity = str(suspects.pair.entity)
    rows = await suspects.there.fetch(statement("suspects_live", "cdc"), entity, MOST_LIVE)
    found = await suspects.count(sorted(table.moving), [row["entity_id"] for row in rows])
    return TableVerdict(
        entity,
        rows_main=table.rows[Side.MAIN],
        rows_backup=table.rows[Side.BACKUP],
        differing=found.both,
        missing_main=found.here,
        missing_backup=found.other,
        conflicts=found.known,
        moving=suspects.rows - suspects.standing + len(table.moving),
    )
