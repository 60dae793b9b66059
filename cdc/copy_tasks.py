"""What a copy consists of: which tables may go at the same time, and in which parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cdc.errors import SchemaMismatch
from cdc.session import Connection
from cdc.table_pair import TablePair, parents_first
from triggers.statements import statement

PART_PAGES: Final = 8192
"""Tables above this size (64 MiB) are copied in parts, several at a time."""
LAST_PAGE: Final = 4_294_967_295
_PAGE_BYTES: Final = 8192
_RIGHT: Final = "GRANT SET ON PARAMETER session_replication_role to the target's role (15 and newer)"

Progress = Callable[[str, int, int], None]
"""Called with a table's name, the rows copied so far and the rows it has, both estimated until the end."""


@dataclass(slots=True)
class Count:
    """How far a table is. Bytes stand for rows until the rows of a part are known."""

    entity: str
    rows: int
    bytes: int
    copied: int = 0
    moving: int = 0

    def show(self, progress: Progress) -> None:
        """Tell how far it is."""
        guess = self.moving * self.rows // max(self.bytes, 1)
        progress(
            self.entity, min(self.copied + guess, max(self.rows, self.copied)), max(self.rows, self.copied)
        )


@dataclass(slots=True)
class Task:
    """A table, or a range of its pages."""

    pair: TablePair
    pages: tuple[int, int] | None
    count: Count


async def levels(control: Connection, pairs: Sequence[TablePair], role: str | None) -> list[list[TablePair]]:
    """Which tables may be copied at the same time: all, or parents first where foreign keys are checked.

    Args:
        control: a connection to the target.
        pairs: the tables.
        role: the replication role that rows are written under, None where it may not be set.

    Raises:
        SchemaMismatch: triggers would fire for copied rows, or foreign keys form a circle and are checked.
    """
    relids = [one.target.relid for one in pairs]
    firing = await control.fetchrow(statement("copy_user_triggers", "cdc"), relids, role is not None)
    if firing:
        raise SchemaMismatch(
            f"the trigger {firing['trigger_name']} of {firing['table_name']} would fire for every copied row",
            hint=f"disable it for the time of the copy, or {_RIGHT}",
        )
    if role:
        return [list(pairs)]
    levels, circle = parents_first(pairs)
    if circle:
        names = ", ".join(sorted(str(one.entity) for one in circle))
        raise SchemaMismatch(
            f"foreign keys of {names} form a circle, and the target's role may not put them off",
            hint=f"{_RIGHT}, or drop the empty tables so that the schema is copied too",
        )
    return levels


async def parts(reader: Connection, pairs: Sequence[TablePair], *, checked: bool) -> list[Task]:
    """Cut the tables into parts, the largest first so that no worker is left with it at the end.

    Args:
        reader: a connection to the source.
        pairs: the tables.
        checked: whether foreign keys are, so that a table that refers to itself must go in one statement.
    """
    rows = await reader.fetch(statement("copy_sizes", "cdc"), [one.source.relid for one in pairs])
    sizes = {row["relid"]: row for row in rows}
    tasks: list[Task] = []
    for one in sorted(pairs, key=lambda one: -int(sizes[one.source.relid]["pages"])):
        size = sizes[one.source.relid]
        count = Count(str(one.entity), size["rows"], size["pages"] * _PAGE_BYTES)
        whole = checked and any(key.parent == one.entity for key in one.target.outgoing)
        if whole or not size["divisible"] or size["pages"] <= PART_PAGES:
            tasks.append(Task(one, None, count))
            continue
        starts = list(range(0, size["pages"], PART_PAGES))
        # What the snapshot sees lies on pages that existed then; the last part is open all the same.
        ends = [*starts[1:], LAST_PAGE]
        tasks += [Task(one, pages, count) for pages in zip(starts, ends, strict=True)]
    return tasks
