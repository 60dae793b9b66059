"""Groups a batch's changes into runs that one set of statements can carry out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from cdc.change import Change
from cdc.model import Entity, Op
from cdc.shape import Shapes
from triggers.identifiers import Composed, fragment

ARRAYS: Final = fragment(
    "(SELECT u.seq, u.txid::xid8 AS txid, u.old, u.new "
    "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS u (seq, txid, old, new)) b"
)


class Part(Protocol):
    """One table's changes with one list of columns, in a form that statements can take as their batch."""

    @property
    def table_id(self) -> int:
        """The table's number in the source's changelog."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The fields of the images."""

    @property
    def batch(self) -> Composed:
        """The rows b (seq, txid, old, new) in SQL, over the parameters $1 to $4."""

    @property
    def inserts(self) -> bool:
        """Whether there may be inserts among the changes."""

    @property
    def op(self) -> Op | None:
        """The kind of all changes, None where there are several kinds."""

    @property
    def count(self) -> int:
        """The number of changes."""

    def arguments(self) -> tuple[object, object, object, object]:
        """What stands for $1 to $4."""


@dataclass(slots=True)
class TableChanges:
    """Changes held in memory, handed over as arrays, in the order of the changelog."""

    table_id: int
    columns: tuple[str, ...]
    changes: list[Change] = field(default_factory=list)

    @property
    def batch(self) -> Composed:
        """The arrays as rows."""
        return ARRAYS

    @property
    def inserts(self) -> bool:
        """Whether there are inserts among the changes."""
        return any(change.op is Op.INSERT for change in self.changes)

    @property
    def op(self) -> Op | None:
        """The kind of all changes, None where there are several kinds."""
        first = self.changes[0].op
        return first if all(change.op is first for change in self.changes) else None

    @property
    def count(self) -> int:
        """The number of changes."""
        return len(self.changes)

    def arguments(self) -> tuple[list[int], list[str], list[str | None], list[str | None]]:
        """Sequence numbers, transactions, old and new images."""
        return (
            [change.seq for change in self.changes],
            [str(change.txid) for change in self.changes],
            [change.old for change in self.changes],
            [change.new for change in self.changes],
        )


@dataclass(slots=True)
class Run:
    """Changes that one set of statements carries out, tables truncated together, or changes recorded by key only."""

    tables: list[Part] = field(default_factory=list)
    truncated: list[Change] = field(default_factory=list)
    by_key: list[Part] = field(default_factory=list)


def runs(changes: Iterable[Change]) -> list[Run]:
    """Cut at every TRUNCATE, and where a table's columns change; the order of runs is the changelog's.

    Changes recorded by key only go before all others: what else there is of these keys is passed over.
    """
    found: list[Run] = []
    by_key: dict[tuple[int, tuple[str, ...]], TableChanges] = {}
    tables: dict[int, TableChanges] = {}
    for change in changes:
        if change.op is Op.KEY:
            place = (change.table_id, change.columns)
            by_key.setdefault(place, TableChanges(*place)).changes.append(change)
            continue
        if change.op is Op.TRUNCATE:
            tables = _close(found, tables)
            if not (found and found[-1].truncated):
                found.append(Run())
            found[-1].truncated.append(change)
            continue
        held = tables.get(change.table_id)
        if held is not None and held.columns != change.columns:
            tables = _close(found, tables)
            held = None
        if held is None:
            held = tables[change.table_id] = TableChanges(change.table_id, change.columns)
        held.changes.append(change)
    _close(found, tables)
    return [Run(by_key=list(by_key.values())), *found] if by_key else found


def _close(found: list[Run], tables: dict[int, TableChanges]) -> dict[int, TableChanges]:
    if tables:
        found.append(Run(tables=list(tables.values())))
    return {}


def parents_first(shapes: Shapes, entities: Sequence[Entity]) -> list[Entity]:
    """Order tables so that a parent comes before its children.

    Deferrable foreign keys ask for no order; another cycle is broken at the name that sorts first.
    """
    order: list[Entity] = []
    visiting: set[Entity] = set()

    def visit(entity: Entity) -> None:
        if entity in order or entity in visiting:
            return
        visiting.add(entity)
        shape = shapes.get(entity)
        strict = (key.parent for key in (shape.outgoing if shape else ()) if not key.deferrable)
        for parent in sorted(strict, key=str):
            visit(parent)
        order.append(entity)

    for entity in sorted(entities, key=str):
        visit(entity)
    wanted = set(entities)
    return [entity for entity in order if entity in wanted]
