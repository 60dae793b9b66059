"""Has PostgreSQL decide columns by their strategies, each in its own type, for many rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from cdc.faults import Blame, judge
from cdc.fields import as_value
from cdc.merge import Question
from cdc.model import Image, Side
from cdc.policy import Strategy
from cdc.session import Connection
from cdc.shape import Column, TableShape
from triggers.identifiers import fragment
from triggers.statements import render, statement

_ORDERING: Final = frozenset({Strategy.MAX, Strategy.MIN, Strategy.LATEST})
Answer = Side | Image | None
"""The side whose value is taken, the computed value by column, or None: it cannot be told."""


async def answer(connection: Connection, shape: TableShape, questions: Sequence[Question]) -> list[Answer]:
    """Answer questions about columns of one table, in their order.

    Args:
        connection: to the side whose column types count, inside a transaction.
        shape: the table there.
        questions: what `cdc.merge.plan` asked.

    A value that PostgreSQL refuses (a sum out of range) is answered None; it spoils no other.
    """
    answers: list[Answer] = [None] * len(questions)
    groups: dict[tuple[Strategy, str], list[int]] = {}
    for place, question in enumerate(questions):
        groups.setdefault((question.rule.strategy, question.rule.by or question.column), []).append(place)
    for (strategy, name), places in groups.items():
        column = shape.column(name)
        if column is None:
            continue
        asked = [questions[place] for place in places]
        for place, found in zip(places, await _ask(connection, strategy, column, asked), strict=True):
            answers[place] = found
    return answers


async def try_strategy(connection: Connection, column: Column, strategy: Strategy) -> None:
    """Have PostgreSQL say whether a column's type can be decided by a strategy.

    Raises:
        asyncpg.PostgresError: it cannot.
    """
    if strategy not in {Strategy.MAIN, Strategy.BACKUP}:
        arrays: list[list[str]] = [[], []] if strategy in _ORDERING else [[], [], []]
        await connection.fetch(_sql(strategy, column), *arrays)


async def _ask(
    connection: Connection, strategy: Strategy, column: Column, asked: Sequence[Question]
) -> list[Answer]:
    """Ask for several rows at once; where a value is refused, in halves."""
    base, main, backup = ([getattr(each, name) for each in asked] for name in ("base", "main", "backup"))
    ordering = strategy in _ORDERING
    arguments = (main, backup) if ordering else (base, main, backup)
    try:
        async with connection.transaction():
            rows = await connection.fetch(_sql(strategy, column), *arguments)
    except asyncpg.PostgresError as error:
        if judge(error.sqlstate).blame is Blame.LINK:
            raise
        if len(asked) == 1:
            return [None]
        middle = len(asked) // 2
        return await _ask(connection, strategy, column, asked[:middle]) + await _ask(
            connection, strategy, column, asked[middle:]
        )
    if ordering:
        return [_side(strategy, each, row["greater"]) for each, row in zip(asked, rows, strict=True)]
    return [
        None if row["value"] is None else {each.column: row["value"]}
        for each, row in zip(asked, rows, strict=True)
    ]


def _side(strategy: Strategy, question: Question, greater: str | None) -> Side | None:
    """Which side's value an order means; a NULL is neither the greatest nor the least."""
    if strategy is Strategy.LATEST:
        return Side(greater) if greater in set(Side) else None
    if question.main is None or question.backup is None:
        return Side.MAIN if question.backup is None else Side.BACKUP
    if greater not in set(
        Side
    ):  # equal, but not written alike: whichever, as long as it is the same one everywhere
        return Side.MAIN if question.main <= question.backup else Side.BACKUP
    return Side(greater) if strategy is Strategy.MAX else Side(greater).other


def _sql(strategy: Strategy, column: Column) -> str:
    base, main, backup = (
        as_value(fragment("x.b"), column),
        as_value(fragment("x.m"), column),
        as_value(fragment("x.k"), column),
    )
    match strategy:
        case Strategy.SUM:
            return render("merge_sum", "cdc", base=base, main=main, backup=backup, type=column.base_type)
        case Strategy.UNION if column.base_type == "jsonb":
            return statement("merge_union_json", "cdc")
        case Strategy.UNION:
            return render("merge_union", "cdc", base=base, main=main, backup=backup, type=column.base_type)
        case Strategy.JSON:
            return statement("merge_json", "cdc")
        case _:
            return render("merge_order", "cdc", main=main, backup=backup)
