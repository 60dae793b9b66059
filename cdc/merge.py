"""Three-way merge of a row, column by column, against the version both sides once had. Pure: a plan, never values.

main = base  backup = base   taken
yes          yes             either
no           yes             MAIN's
yes          no              BACKUP's
no           no, and equal   either
no           no, different   what the person said, else what the column's strategy makes of it, else left to decide

Where nobody knows the base, every column that differs counts as changed on both sides. What a strategy makes of two
values is found by PostgreSQL (`cdc.strategies`); here it is only written down what is to be found.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cdc.model import Image, Side
from cdc.policy import ColumnRule, PolicyRule, Strategy


class Reason(StrEnum):
    """Why a column of a merged row is what it is."""

    SAME = "both sides agree"
    ONE_SIDE = "changed on one side only"
    PERSON = "named by a person"
    STRATEGY = "by the column's strategy"


@dataclass(frozen=True, slots=True)
class Cell:
    """A column's decision: the value's text (None is NULL) and why."""

    value: str | None
    reason: Reason
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A column that PostgreSQL has to decide by its strategy, from the three texts."""

    column: str
    rule: ColumnRule
    base: str | None
    main: str | None
    backup: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided of a row, what PostgreSQL is to be asked, and what is left for a person."""

    cells: Mapping[str, Cell]
    questions: tuple[Question, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def values(self) -> Image:
        """The decided columns' values."""
        return {name: cell.value for name, cell in self.cells.items()}


Terms = tuple[str | None, str | None, str | None]
"""Texts a, b, c that stand for a + (b - a) + (c - a)."""


@dataclass(frozen=True, slots=True)
class Versions:
    """A row's three versions. `base` lacks the columns, or is None, whose former value nobody knows.

    `sums` has, of columns of which what was added waits in entries (`cdc.sums`), the texts to sum up, in each way
    that is known: all must come to the same. None of them: it is not known, so a person has to say the value.
    """

    base: Image | None
    main: Image
    backup: Image
    sums: Mapping[str, Sequence[Terms]] = field(default_factory=dict)


def plan(
    versions: Versions, columns: Collection[str], rule: PolicyRule, values: Mapping[str, str | None]
) -> Plan:
    """Decide each column of two versions of a row.

    Args:
        versions: both sides' rows and their base.
        columns: those that both sides have and neither computes, without the key.
        rule: the table's policy; its strategies count whatever the policy is.
        values: what a person said.
    """
    cells: dict[str, Cell] = {}
    questions: list[Question] = []
    missing: list[str] = []
    for name in columns:
        main, backup = versions.main.get(name), versions.backup.get(name)
        known = versions.base is not None and name in versions.base
        base = versions.base[name] if versions.base is not None and known else None
        strategy = rule.columns.get(name)
        summed = strategy is not None and strategy.strategy is Strategy.SUM
        if name in values:
            cells[name] = Cell(values[name], Reason.PERSON)
        elif strategy is not None and summed and name in versions.sums:
            questions += [Question(name, strategy, *terms) for terms in versions.sums[name]]
            missing += [] if versions.sums[name] else [name]
        elif main == backup and (not summed or main == base):
            cells[name] = Cell(main, Reason.SAME)
        elif known and main == base:
            cells[name] = Cell(backup, Reason.ONE_SIDE, Side.BACKUP)
        elif known and backup == base:
            cells[name] = Cell(main, Reason.ONE_SIDE, Side.MAIN)
        elif strategy is None or (summed and not known):
            missing.append(name)
        elif strategy.strategy in {Strategy.MAIN, Strategy.BACKUP}:
            side = Side(strategy.strategy.value)
            cells[name] = Cell(main if side is Side.MAIN else backup, Reason.STRATEGY, side)
        else:
            place = strategy.by or name
            asked = versions.main.get(place), versions.backup.get(place)
            questions.append(Question(name, strategy, base, *asked))
    return Plan(cells, tuple(questions), tuple(missing))


def answered(plan: Plan, versions: Versions, answers: Sequence[Side | Image | None]) -> Plan:
    """A plan with PostgreSQL's answers in it.

    Args:
        plan: as `plan` made it.
        versions: the row's versions.
        answers: for each question the side whose value is taken, or the computed value under the column's name, or
            None: it cannot be told. Two answers for one column must be the same.
    """
    cells, missing = dict(plan.cells), list(plan.missing)
    for question, answer in zip(plan.questions, answers, strict=True):
        name, row = question.column, versions.main if answer is Side.MAIN else versions.backup
        if isinstance(answer, Side):
            cell = Cell(row.get(name), Reason.STRATEGY, answer)
        elif answer is not None:
            cell = Cell(answer[name], Reason.STRATEGY)
        if answer is None or cells.get(name, cell) != cell:
            missing += [] if name in missing else [name]
        else:
            cells[name] = cell
    return Plan({name: cells[name] for name in cells if name not in missing}, (), tuple(missing))
