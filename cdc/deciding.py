"""Carries out decisions on some records of one table, in one transaction on each side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdc.cases import Table, lock_positions, open_cases, prepare_table
from cdc.decision import Decision, Outcome
from cdc.durability import make_durable
from cdc.errors import (
    CdcError,
    ConflictNotFound,
    NameMoved,
    ResolutionPostponed,
    ResolutionRefused,
    SchemaMismatch,
)
from cdc.model import Side
from cdc.policy import PolicyRule
from cdc.reader import Reader
from cdc.rulings import rule
from cdc.settlement import close, commits_first, write
from cdc.target import Target
from cdc.twin import Twin
from triggers.statements import statement


@dataclass(slots=True)
class Settled:
    """What became of decisions: carried out, refused by entity id, or to be tried again (somebody was in the way)."""

    outcomes: list[Outcome] = field(default_factory=list)
    refused: dict[str, CdcError] = field(default_factory=dict)
    busy: list[str] = field(default_factory=list)

    def __add__(self, other: Settled) -> Settled:
        """Two lots of decisions together."""
        return Settled(self.outcomes + other.outcomes, self.refused | other.refused, self.busy + other.busy)


async def decide(
    targets: Mapping[Side, Target],
    readers: Mapping[Side, Reader],
    entity: str,
    decisions: Sequence[Decision],
    policy: PolicyRule,
) -> Settled:
    """Carry out decisions on records of one table; each stands for itself.

    Raises:
        ConflictNotFound: no such table is synced.
        ResolutionPostponed: a name of the table stands for different things on the two sides.
        ResolutionRefused: the table has no key.
        PositionBusy: a link holds its position for too long.
        ShapeMoved: the table has been altered.
    """
    try:
        table = await prepare_table(targets, readers, entity)
    except LookupError as error:
        raise ConflictNotFound(
            f"no table {entity} is synced", hint="`cdc conflicts` lists what can be resolved"
        ) from error
    except NameMoved as error:
        raise ResolutionPostponed(str(error), hint=error.hint) from error
    except SchemaMismatch as error:
        raise ResolutionRefused(str(error), hint=error.hint) from error
    async with Twin({side: target.connection for side, target in targets.items()}) as twin:
        settled, twin.first = await _settle(targets, table, policy, decisions)
        await settle_numbers(readers)
    if settled.outcomes:
        ids = [each.entity_id for each in settled.outcomes]
        await targets[twin.first].connection.execute(statement("sync_state_finished", "cdc"), entity, ids)
    return settled


async def settle_numbers(readers: Mapping[Side, Reader]) -> None:
    """Before a decision is committed that says which of a side's transactions it settles, over sessions of their own.

    A crash of a side that took such transactions back would have others use their numbers, unseen.
    """
    for reader in readers.values():
        await make_durable(reader.connection)


async def _settle(
    targets: Mapping[Side, Target], table: Table, policy: PolicyRule, decisions: Sequence[Decision]
) -> tuple[Settled, Side]:
    applied = await lock_positions(targets, table)
    for target in targets.values():
        target.patience.begin()
    by_id = {decision.entity_id: decision for decision in decisions}
    try:
        cases = await open_cases(targets, table, list(by_id), applied)
    except ValueError as error:
        raise ConflictNotFound(str(error), hint="`cdc conflicts` lists what can be resolved") from error
    settled = Settled(busy=list(dict.fromkeys(cases.busy)))
    for each in cases.closed:
        settled.refused[each] = ConflictNotFound(
            f"{table.entity} {each} has no open conflict", hint="`cdc conflicts` lists the open ones"
        )
    rulings = await rule(targets, table, policy, cases, by_id)
    written = await write(targets, table, rulings.made)
    done = written.done
    settled.refused |= rulings.refused | written.refused
    settled.busy += [*rulings.later, *written.busy]
    settled.outcomes = [
        Outcome(each.decision.entity, each.case.entity_id, each.resolution, each.rows[Side.MAIN])
        for each in done
    ]
    first = commits_first(done)
    await close(targets, table, cases, done, first=first)
    return settled, first
