"""What a restore does or would do, and whether a file fits a database. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cdc.model import Entity
from cdc.shape import Shapes, TableShape
from cdc.snapshot.errors import SnapshotRefused
from cdc.snapshot.format import Header, TableHead


@dataclass(frozen=True, slots=True)
class Counts:
    """What becomes of a table's rows. In a table without a key a changed row is one deleted and one inserted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0

    @property
    def changed(self) -> int:
        """Rows that are written."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Sample:
    """A record that a restore writes."""

    kind: Literal["INSERT", "UPDATE", "DELETE"]
    entity_id: str


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What a restore would do, by entity. `creates`: the tables are missing and would be made."""

    tables: Mapping[str, Counts]
    notes: tuple[str, ...] = ()
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did, by entity. `record_count`: rows of the file. `paused`: sync waits for a direction."""

    tables: Mapping[str, Counts]
    record_count: int
    notes: tuple[str, ...] = ()
    created: bool = False
    paused: bool = False


def wanted(header: Header, tables: Sequence[str]) -> tuple[TableHead, ...]:
    """The file's tables that are to be restored, in the order of the file.

    Args:
        header: the file's.
        tables: the ones that people chose, by the contract's names; none: all.

    Raises:
        SnapshotRefused: the file lacks one of them.
    """
    there = [table for table in header.tables if not table.ours]
    if missing := sorted(set(tables) - {table.entity for table in there}):
        raise SnapshotRefused(
            f"the snapshot has no table {', '.join(missing)}",
            hint=f"it has {', '.join(table.entity for table in there) or 'none'}",
        )
    return tuple(table for table in there if not tables or table.entity in tables)


def match(tables: Iterable[TableHead], shapes: Shapes, side: str) -> list[TableShape]:
    """The database's tables for those of the file, in their order.

    Args:
        tables: the file's.
        shapes: the database's.
        side: what the database is called in messages.

    Raises:
        SnapshotRefused: the two do not have the same tables, columns, types or keys.
    """
    found, faults = [], []
    for table in tables:
        shape = shapes.get(table.name)
        if shape is None:
            faults.append(f"{side} has no table {table.entity}")
            continue
        faults += [f"{table.entity}: {fault}" for fault in _faults(table, shape, side)]
        found.append(shape)
    if faults:
        raise SnapshotRefused(
            f"the snapshot is of another schema: {'; '.join(faults[:_MOST])}"
            + (f"; and {len(faults) - _MOST} more" if len(faults) > _MOST else ""),
            hint=f"bring {side} to the schema of the snapshot by your migrations, or restore into an empty database,"
            " which gets the snapshot's schema",
        )
    return found


_MOST = 20


def _faults(table: TableHead, shape: TableShape, side: str) -> list[str]:
    here = {column.name: column for column in shape.columns}
    there = {column.name: column for column in table.columns}
    faults = [f"{side} lacks the column {name}" for name in there if name not in here]
    faults += [f"{side} has a column {name} that the snapshot lacks" for name in here if name not in there]
    for name in there.keys() & here.keys():
        one, other = there[name], here[name]
        if one.type != str(other.type):
            faults.append(f"{name} is {one.type} in the snapshot and {other.type} on {side}")
        if one.generated != other.generated:
            where = "in the snapshot" if one.generated else f"on {side}"
            faults.append(f"{name} is generated only {where}")
    if table.key and shape.key(table.key) is None:
        faults.append(f"its rows are not unique by ({', '.join(table.key)}) on {side}")
    return faults


def broken(tables: Sequence[TableShape]) -> list[str]:
    """Notes on foreign keys that lead from or to tables that are not restored with these."""
    chosen = {table.entity for table in tables}
    by_key: dict[tuple[Entity, str], str] = {}
    for table in tables:
        for key in (*table.outgoing, *table.incoming):
            if (key.parent in chosen) != (key.child in chosen):
                left = key.child if key.parent in chosen else key.parent
                by_key[key.child, key.name] = f"{key.name} ties {left}, which is not restored, to this"
    return [by_key[each] for each in sorted(by_key, key=str)]
