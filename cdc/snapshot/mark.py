"""Whether anything was committed on MAIN since a snapshot was taken, found out cheaply and without doubt.

A change takes a number of the changelog's sequence, or, where a link or a restore makes it, one of
`cdc.own_writes`, after its transaction has its own number. So if both sequences stand where they stood before a
snapshot was taken, only transactions that ran then can have changed anything, and PostgreSQL knows how those
ended. Sequences outlive what is pruned from the changelog, and a crash only ever moves them forward.

Where a table's changes are not captured this cannot be told, and is never claimed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from cdc.epoch import epoch
from cdc.session import Connection
from cdc.snapshot.history import PACKAGE
from triggers.statements import statement


@dataclass(frozen=True, slots=True)
class Mark:
    """What a database was like just before a snapshot of it; `seen` and `tables` are the snapshot's own."""

    epoch: str
    changes: str
    own_writes: str
    definitions: str
    seen: str = ""
    tables: tuple[str, ...] = ()

    def of(self, seen: str, tables: Collection[str]) -> Mark:
        """The mark of a snapshot that was taken after this was read."""
        return replace(self, seen=seen, tables=tuple(sorted(tables)))

    def as_json(self) -> dict[str, Any]:
        """What is stored."""
        return {
            "epoch": self.epoch,
            "changes": self.changes,
            "ownWrites": self.own_writes,
            "definitions": self.definitions,
            "seen": self.seen,
            "tables": list(self.tables),
        }

    @classmethod
    def of_json(cls, stored: Any) -> Mark | None:
        """Read what was stored; None where it says too little."""
        try:
            return cls(
                str(stored["epoch"]),
                str(stored["changes"]),
                str(stored["ownWrites"]),
                str(stored["definitions"]),
                str(stored["seen"]),
                tuple(map(str, stored["tables"])),
            )
        except (KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Look:
    """A mark, and the entities whose every change is recorded."""

    mark: Mark
    captured: frozenset[str]


async def look(main: Connection, schemas: Collection[str]) -> Look:
    """Read what MAIN is like, before a snapshot is taken.

    Args:
        main: to MAIN, outside a transaction.
        schemas: those whose tables a snapshot holds.
    """
    row = await main.fetchrow(statement("mark_read", PACKAGE), list(schemas))
    if row is None:
        raise LookupError("cdc.node is empty: schema cdc is damaged; run install-triggers")
    identity = await epoch(main)
    await main.fetchval(statement("mark_close", PACKAGE))
    mark = Mark(identity, row["changes"], row["own_writes"], row["definitions"])
    return Look(mark, frozenset(row["captured"]))


async def unchanged(main: Connection, now: Look, then: Mark) -> bool:
    """Whether a snapshot still holds everything that is committed.

    Args:
        main: to MAIN.
        now: what MAIN is like now.
        then: the mark of the snapshot.
    """
    same = now.mark == replace(then, seen="", tables=())
    if not same or not then.seen or not now.captured.issuperset(then.tables):
        return False
    return bool(await main.fetchval(statement("mark_settled", PACKAGE), then.seen))
