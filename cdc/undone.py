"""What a set-based statement left undone, as values, and as entries of cdc.sync_state."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cdc import records
from cdc.images import to_image
from cdc.mapping import Mapping
from cdc.model import ConflictStatus, ConflictType, Side
from cdc.policy import PolicyRule
from cdc.records import Entry
from cdc.sums import first_reached
from cdc.target import Target

LOCKED = "the row is locked by another transaction"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of net changes: carried out, opened or refreshed as conflicts, put off."""

    applied: int = 0
    conflicts: int = 0
    deferred: int = 0
    rechecks: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        """Sum up two parts of a batch."""
        return Outcome(
            self.applied + other.applied,
            self.conflicts + other.conflicts,
            self.deferred + other.deferred,
            self.rechecks + other.rechecks,
        )


@dataclass(frozen=True, slots=True)
class Residue:
    """Where the undone changes belong and what the table's policy is.

    `paged`: the same transactions are applied in parts; `provisional`: more of them is still to come, which may
    explain what is met now.
    """

    target: Target
    source: Side
    mapping: Mapping
    policy: PolicyRule
    paged: bool = False
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class NetChange:
    """The net change of one key: row texts in the source's column order, None where there is no row."""

    entity_id: str
    before: str | None
    after: str | None


async def put_off_locked(residue: Residue, change: NetChange) -> None:
    """Keep a change whose row somebody else holds, to be tried again soon."""
    entry = entry_of(residue, change, ConflictType.REJECTED, None, ConflictStatus.DEFERRED)
    await records.record(residue.target.connection, replace(entry, error=LOCKED))


def entry_of(
    residue: Residue,
    change: NetChange,
    kind: ConflictType,
    current: str | None,
    status: ConflictStatus = ConflictStatus.OPEN,
) -> Entry:
    """The entry that keeps a change with all versions of its row."""
    mapping = residue.mapping
    base, incoming = to_image(mapping.columns, change.before), to_image(mapping.columns, change.after)
    return Entry(
        residue.source,
        mapping.entity,
        change.entity_id,
        kind,
        status,
        base=base,
        incoming=incoming,
        reached=first_reached(residue.policy, base, incoming),
        current=to_image([column.name for column in mapping.shape.columns], current),
    )
