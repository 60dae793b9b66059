"""A decision on a conflict, and what both sides are given by it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cdc.merge import Plan, Terms, Versions, plan
from cdc.model import Image, Resolution, Side
from cdc.policy import PolicyRule


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided on a record's conflict, by whom and why.

    `resolution` None is what the table's policy says. `version` is that of the conflict they looked at; None takes
    the record as it is. `values` are texts by column (None is NULL) for a merge; they count before strategies.
    """

    entity: str
    entity_id: str
    resolution: Resolution | None
    by: str
    version: int | None = None
    reason: str | None = None
    values: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision that was carried out. `row` is what both sides hold now, None when it is deleted."""

    entity: str
    entity_id: str
    resolution: Resolution
    row: Image | None


@dataclass(frozen=True, slots=True)
class Held:
    """One side's live entry of a record: the base it was opened with, and summed columns' deltas that wait there."""

    type: str
    version: int
    base: Image | None
    reached: Image | None
    incoming: Image | None
    current: Image | None


@dataclass(frozen=True, slots=True)
class Case:
    """A record under lock: both sides' rows, all columns, and both sides' entries where they have one."""

    entity_id: str
    rows: Mapping[Side, Image | None]
    entries: Mapping[Side, Held]
    short: frozenset[Side] = frozenset()
    """Sides whose row is too large: its large values stand in it as lengths and digests."""

    @property
    def type(self) -> str:
        """Why there is a conflict."""
        return next(iter(self.entries.values())).type

    @property
    def version(self) -> int:
        """Rises with everything that is learned of the conflict."""
        return sum(entry.version for entry in self.entries.values())

    @property
    def base(self) -> Image | None:
        """What both sides once had; without the columns that the two entries do not agree about."""
        found = [entry.base for entry in self.entries.values() if entry.base is not None]
        if not found or all(base is found[0] or base == found[0] for base in found):
            return found[0] if found else None
        return {
            name: value
            for name, value in found[0].items()
            if all(name in base and base[name] == value for base in found[1:])
        }

    def moved(self, shown: Mapping[Side, Image | None]) -> bool:
        """Whether a side's row is not what was shown of it."""
        return any(self.rows[side] != shown[side] for side in Side)


def merge_plan(
    case: Case, columns: Collection[str], rule: PolicyRule, values: Mapping[str, str | None]
) -> Plan | None:
    """The merge of a case's rows; None where a side has no row to merge.

    Args:
        case: the record.
        columns: those that both sides have and neither computes, without the key.
        rule: the table's policy.
        values: what a person said.
    """
    main, backup = case.rows[Side.MAIN], case.rows[Side.BACKUP]
    if main is None or backup is None:
        return None
    return plan(versions(case, rule), columns, rule, values)


def merged_key(case: Case, key: Collection[str]) -> dict[str, str | None]:
    """A key as both sides are to have it, who may print it differently: as the side has it that changed it.

    Where both did, or nobody knows, it is as MAIN has it.
    """
    main, backup, base = case.rows[Side.MAIN] or {}, case.rows[Side.BACKUP] or {}, case.base or {}
    kept = {name: name in base and main.get(name) == base[name] for name in key}
    return {name: (backup if kept[name] else main).get(name) for name in key}


def versions(case: Case, rule: PolicyRule) -> Versions:
    """A case's rows as a merge takes them."""
    main, backup = case.rows[Side.MAIN] or {}, case.rows[Side.BACKUP] or {}
    waits = any(entry.reached is not None for entry in case.entries.values())
    sums = {name: _terms(case, name) for name in rule.summed} if waits else {}
    return Versions(case.base, main, backup, sums)


def _terms(case: Case, name: str) -> list[Terms]:
    """A summed column as each side comes to it: its own value and what waits there; none where that is not known."""
    found: list[Terms] = []
    for side, row in case.rows.items():
        entry, own = case.entries.get(side), (row or {}).get(name)
        if entry is None:
            found.append((own, own, own))
        elif entry.base is None or name not in (entry.reached or {}):
            return []
        else:
            found.append((entry.base.get(name), own, (entry.reached or {}).get(name)))
    return found


def wanted_rows(
    case: Case, columns: Collection[str], winner: Side | None, merged: Image
) -> dict[Side, Image | None]:
    """What each side is to hold: the winner's row, or the merged one; columns that a side alone has stay.

    Args:
        case: the record.
        columns: those that both sides have and neither computes.
        winner: the side whose row is kept; None for a merge.
        merged: the merged columns.
    """
    rows: dict[Side, Image | None] = {}
    for side in Side:
        own = case.rows[side]
        decided = merged if winner is None else case.rows[winner]
        if decided is None or winner is side:
            rows[side] = None if decided is None else own
        else:
            taken = {name: decided[name] for name in columns if name in decided}
            rows[side] = {**(own or {}), **taken}
    return rows
