"""What differs between a staged snapshot and a database, and making the database the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cdc.comparison import digest, list_difference
from cdc.errors import SchemaMismatch
from cdc.foreign_keys import check_foreign_keys, reference_parts
from cdc.model import Entity, Side
from cdc.rewrite import REPLICA_HINT, rewrite
from cdc.session import Connection, make_private
from cdc.shape import TableShape
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.plan import Counts, Sample
from cdc.snapshot.staging import PACKAGE, Staged
from cdc.snapshot.user_triggers import silenced
from triggers.identifiers import identifier_list, qualified


@dataclass(slots=True)
class Findings:
    """What differs, by entity. `differing`: the tables in which anything does, listed in the open transaction."""

    tables: dict[str, Counts] = field(default_factory=dict)
    samples: dict[str, tuple[Sample, ...]] = field(default_factory=dict)
    differing: list[Staged] = field(default_factory=list)


async def compare(connection: Connection, staged: Sequence[Staged], samples: int = 0) -> Findings:
    """Find what differs between the database and the file.

    Args:
        connection: the session of the staged rows, inside a transaction.
        staged: all tables to look at.
        samples: so many records of each table are named.
    """
    found = Findings()
    for one in staged:
        entity, rows = one.table.entity, one.digest.rows
        if await digest(connection, one.difference) == one.digest:
            found.tables[entity] = Counts(unchanged=rows)
            continue
        counts = await _difference(connection, one)
        found.tables[entity] = counts
        if counts.changed:
            found.differing.append(one)
        if samples and one.difference.keyed:
            found.samples[entity] = await _samples(connection, one, samples)
    return found


async def _difference(connection: Connection, one: Staged) -> Counts:
    """List the rows that differ, seen from the table: `h` are its own, `o` the file's."""
    await list_difference(connection, one.difference)
    row = await connection.fetchrow(one.difference.sql("_count"))
    if row is None:
        raise LookupError("an aggregate gave no row")
    inserted, updated = row["other"], row["both"]
    return Counts(inserted, updated, row["here"], one.digest.rows - inserted - updated)


async def _samples(connection: Connection, one: Staged, limit: int) -> tuple[Sample, ...]:
    rows = await connection.fetch(_sql(one, "keyed_samples"), limit)
    return tuple(Sample(row["kind"], row["entity_id"]) for row in rows)


async def merge(
    connection: Connection, staged: Sequence[Staged], found: Findings, *, role: str | None, side: Side
) -> None:
    """Write what differs, and see that the database is what the file says before anything is committed.

    Args:
        connection: the session of the staged rows, inside the transaction that found the differences and that
            keeps others from writing.
        staged: all tables of the restore.
        found: what `compare` found in this transaction.
        role: the replication role that the transaction works under, None where it may not set one.
        side: what the database is called in messages.

    Raises:
        SnapshotRefused: constraints, triggers or rules stand in the way; nothing may be committed.
    """
    for one in found.differing:
        await make_private(connection, one.difference.sql("compare_stage_make"))
        await connection.execute(_sql(one, "_delta"))
    shapes = [one.pair.target for one in staged]
    if role is None:
        await _check_cascades(connection, found.differing, {shape.entity for shape in shapes})
    try:
        async with silenced(connection, shapes, role):
            differences = [one.difference for one in found.differing]
            await rewrite(connection, differences, [one.pair for one in staged], role)
    except SchemaMismatch as error:
        raise SnapshotRefused(str(error), hint=error.hint) from error
    await _check_references(connection, [one.pair.target for one in found.differing], side)
    await _check(connection, found.differing if role else staged, side)


async def _check_cascades(connection: Connection, differing: Sequence[Staged], restored: set[Entity]) -> None:
    """See that deletes do not take rows of tables that are not restored."""
    for one in differing:
        for key in one.pair.target.incoming if one.difference.keyed else ():
            if not key.cascades or key.child in restored:
                continue
            parts = reference_parts(key, "c")
            sql = one.difference.sql(
                "cascade_reaches",
                PACKAGE,
                columns=identifier_list(key.child_columns, "c"),
                child=qualified(key.child.schema, key.child.table),
                match=one.pair.key_matches("p", "d"),
                **parts,
            )
            row = await connection.fetchrow(sql)
            if row is not None:
                raise SnapshotRefused(
                    f"{key.child} would lose rows, or their reference {row['reference']}, with rows of"
                    f" {key.parent} that the snapshot does not have ({key.name})",
                    hint=f"restore {key.child} too, from the same snapshot",
                )


async def _check_references(connection: Connection, shapes: Sequence[TableShape], side: Side) -> None:
    keys = {(key.child, key.name): key for shape in shapes for key in (*shape.outgoing, *shape.incoming)}
    try:
        await check_foreign_keys(connection, keys.values(), side)
    except SchemaMismatch as error:
        raise SnapshotRefused(
            str(error), hint="restore tables that refer to each other together, from the same snapshot"
        ) from error


async def _check(connection: Connection, staged: Sequence[Staged], side: Side) -> None:
    """Compare count and content of tables with the file's. Where triggers may fire they write to any table."""
    for one in staged:
        now = await digest(connection, one.difference)
        if now != one.digest:
            raise SnapshotRefused(
                f"{one.table.entity} on {side} did not come out as the snapshot has it"
                f" ({now.rows} rows for {one.digest.rows}): triggers or rules change what is written",
                hint=f"disable them for this time, or {REPLICA_HINT}",
            )


def _sql(one: Staged, name: str) -> str:
    """A statement of this package with the table's parts."""
    return one.difference.sql(name, PACKAGE, file=one.file)
