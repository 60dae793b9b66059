"""What each side is to hold by the decisions on records that are under lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cdc import records
from cdc.cases import Cases, Table, on_their_way
from cdc.decision import Case, Decision, merge_plan, merged_key, versions, wanted_rows
from cdc.errors import CdcError, ConflictMoved, MergeIncomplete, ResolutionRefused
from cdc.merge import Plan, Question, answered
from cdc.model import Image, Policy, Resolution, Side
from cdc.policy import ColumnRule, PolicyRule, Strategy
from cdc.strategies import answer
from cdc.target import Target


@dataclass(frozen=True, slots=True)
class Ruling:
    """A case with its decision and what each side is to hold."""

    case: Case
    decision: Decision
    resolution: Resolution
    rows: Mapping[Side, Image | None]
    written: frozenset[Side]
    """Sides that do not hold it yet."""
    fetching: Side | None = None
    """The side that is to fetch the other's row, which is too large to be written at once."""

    @property
    def merged(self) -> Image | None:
        """The row of a merge, None where a side's row won."""
        return self.rows[Side.MAIN] if self.resolution is Resolution.MERGE else None


@dataclass(slots=True)
class Rulings:
    """What is to be written, by entity id what cannot be, and what can only be told a little later."""

    made: list[Ruling] = field(default_factory=list)
    refused: dict[str, CdcError] = field(default_factory=dict)
    later: list[str] = field(default_factory=list)


async def rule(
    targets: Mapping[Side, Target],
    table: Table,
    policy: PolicyRule,
    cases: Cases,
    decisions: Mapping[str, Decision],
) -> Rulings:
    """Find out what each side is to hold, inside the transactions that hold the rows.

    Args:
        targets: both sides.
        table: the records' table.
        policy: its policy, whose strategies merges go by.
        cases: the records under lock.
        decisions: by entity id.
    """
    found = Rulings()
    merging = []
    ruled = await _by_policy(targets[Side.MAIN], table, policy, cases, decisions)
    found.refused |= await _moved(targets, table, cases, decisions)
    summing = [
        case.entity_id
        for case in cases.found
        if (decisions[case.entity_id].resolution or ruled.get(case.entity_id)) is Resolution.MERGE
        and set(policy.summed) - set(decisions[case.entity_id].values)
    ]
    coming = await on_their_way(targets, table, summing, cases.applied)
    for case in cases.found:
        decision = decisions[case.entity_id]
        resolution = decision.resolution or ruled.get(case.entity_id)
        if case.entity_id in found.refused:
            continue
        if resolution is None:
            found.refused[case.entity_id] = _undecided(decision, policy)
        elif case.short:
            _rule_large(found, cases, case, decision, resolution)
        elif resolution.winner is None and case.entity_id in coming:
            found.later.append(case.entity_id)
        elif resolution.winner is None:
            merging.append(case)
        else:
            rows = wanted_rows(case, table.columns, resolution.winner, {})
            loser = resolution.winner.other
            written = frozenset[Side]() if case.entity_id in cases.same else frozenset({loser})
            found.made.append(Ruling(case, decision, resolution, rows, written))
    plans = await _plans(targets[Side.MAIN], table, policy, merging, decisions)
    for case, plan in zip(merging, plans, strict=True):
        if isinstance(plan, CdcError):
            found.refused[case.entity_id] = plan
            continue
        rows = wanted_rows(case, table.columns, None, {**merged_key(case, table.key), **plan.values})
        written = frozenset(side for side in Side if _differs(table, case.rows[side], rows[side]))
        found.made.append(Ruling(case, decisions[case.entity_id], Resolution.MERGE, rows, written))
    return found


def _rule_large(found: Rulings, cases: Cases, case: Case, decision: Decision, resolution: Resolution) -> None:
    """Rule on a record with a row too large to be held whole here: the losing side fetches the other's."""
    winner, same = resolution.winner, case.entity_id in cases.same
    if winner is None:
        found.refused[case.entity_id] = _too_large(decision, "a merge would have to hold it whole")
    elif decision.resolution is None and winner.other in case.short:
        found.refused[case.entity_id] = _too_large(decision, "the version that goes could not be kept")
    elif not same and winner not in cases.applied:
        found.refused[case.entity_id] = _not_fetched(decision, winner)
    else:
        fetching = None if same else winner.other
        found.made.append(Ruling(case, decision, resolution, case.rows, frozenset(), fetching))


async def _by_policy(
    main: Target, table: Table, policy: PolicyRule, cases: Cases, decisions: Mapping[str, Decision]
) -> dict[str, Resolution]:
    """What the table's policy makes of the records whose decisions leave that to it; undecided ones are not in it."""
    asked = [case for case in cases.found if decisions[case.entity_id].resolution is None]
    if policy.winner is not None:
        return {case.entity_id: Resolution(policy.winner.value) for case in asked}
    if policy.policy is Policy.MERGE:
        return {case.entity_id: Resolution.MERGE for case in asked}
    if policy.column is None:
        return {}
    questions = []
    for case in asked:
        texts = [(case.rows[side] or {}).get(policy.column) for side in Side]
        questions.append(Question(policy.column, ColumnRule(Strategy.LATEST, policy.column), None, *texts))
    answers = await answer(main.connection, main.shapes[table.entity], questions)
    return {
        case.entity_id: Resolution(found.value)
        for case, found in zip(asked, answers, strict=True)
        if isinstance(found, Side)
    }


def _differs(table: Table, own: Image | None, wanted: Image | None) -> bool:
    if own is None or wanted is None:
        return own is not wanted
    return any(own.get(name) != wanted.get(name) for name in table.columns)


async def _moved(
    targets: Mapping[Side, Target], table: Table, cases: Cases, decisions: Mapping[str, Decision]
) -> dict[str, ConflictMoved]:
    """Records that are not any more what was looked at; their entries are given what they are now."""
    refused: dict[str, ConflictMoved] = {}
    stale: list[Case] = []
    for case in cases.found:
        decision = decisions[case.entity_id]
        if decision.version is None:
            continue
        shown = [{side: entry.current, side.other: entry.incoming} for side, entry in case.entries.items()]
        if decision.version != case.version or all(case.moved(each) for each in shown):
            stale.append(case)  # one side's entry may know it already, and the other one not
            refused[case.entity_id] = ConflictMoved(
                f"{decision.entity} {decision.entity_id} changed since you looked",
                hint="look at its new state and decide again",
            )
    for side in Side:
        here = [case for case in stale if side in case.entries]
        images = [(case.rows[side.other], case.rows[side]) for case in here]
        ids = [case.entity_id for case in here]
        await records.versions(targets[side].connection, table.entity, ids, images)
    return refused


async def _plans(
    main: Target, table: Table, policy: PolicyRule, cases: Sequence[Case], decisions: Mapping[str, Decision]
) -> list[Plan | CdcError]:
    """Merge rows; PostgreSQL is asked about all columns with strategies at once."""
    plans: list[Plan | CdcError] = []
    for case in cases:
        decision = decisions[case.entity_id]
        plans.append(
            _unknown(table, decision)
            or merge_plan(case, table.free, policy, decision.values)
            or _one_sided(decision)
        )
    questions = [question for plan in plans if isinstance(plan, Plan) for question in plan.questions]
    answers = iter(await answer(main.connection, main.shapes[table.entity], questions))
    for place, (case, plan) in enumerate(zip(cases, plans, strict=True)):
        if isinstance(plan, Plan):
            told = [next(answers) for _ in plan.questions]
            done = answered(plan, versions(case, policy), told)
            plans[place] = _incomplete(decisions[case.entity_id], done) if done.missing else done
    return plans


def _unknown(table: Table, decision: Decision) -> ResolutionRefused | None:
    unknown = sorted(set(decision.values) - set(table.free))
    if not unknown:
        return None
    return ResolutionRefused(
        f"{decision.entity} has no column {', '.join(unknown)} that a merge could set",
        hint="name columns that both sides have, none of the key and none that is computed",
    )


def _one_sided(decision: Decision) -> ResolutionRefused:
    return ResolutionRefused(
        f"{decision.entity} {decision.entity_id}: one side has no row to merge with",
        hint="resolve it as MAIN or BACKUP",
    )


def _too_large(decision: Decision, why: str) -> ResolutionRefused:
    return ResolutionRefused(
        f"{decision.entity} {decision.entity_id}: the row is too large, {why}",
        hint="resolve it as MAIN or BACKUP",
    )


def _not_fetched(decision: Decision, winner: Side) -> ResolutionRefused:
    loser = winner.other
    return ResolutionRefused(
        f"{decision.entity} {decision.entity_id}: the row is too large to be written by a decision, and with sync "
        f"one way nothing fetches {winner}'s for {loser}",
        hint=f"write it on {loser} as it is on {winner}, and the conflict ends by itself; or resolve it as {loser}",
    )


def _undecided(decision: Decision, policy: PolicyRule) -> ResolutionRefused:
    return ResolutionRefused(
        f"{decision.entity} {decision.entity_id}: {policy} cannot tell which row is the later one",
        hint="decide which row is to be kept",
    )


def _incomplete(decision: Decision, plan: Plan) -> MergeIncomplete:
    return MergeIncomplete(
        f"{decision.entity} {decision.entity_id}: {', '.join(plan.missing)} changed on both sides",
        missing=plan.missing,
        hint="name a value for each of these columns, or choose one side's row",
    )
