"""Ends what is put off of tables without a key that the source has emptied: nothing else tells that it is gone."""

from __future__ import annotations

import asyncpg

from cdc.faults import Blame, judge
from cdc.model import Entity
from cdc.shape import TableShape
from cdc.target import Target
from triggers.identifiers import Composed, fragment, identifier, joined, type_name
from triggers.statements import render, statement


async def end_put_off(target: Target, entity: Entity, relation: Entity) -> None:
    """End the live entries of rows that a TRUNCATE has taken at the source.

    Args:
        target: the open applying transaction.
        entity: the table.
        relation: what was truncated: the table, or one of its partitions.
    """
    if relation == entity:
        await target.connection.execute(statement("truncate_ended", "cdc"), str(entity))
        return
    shape = target.shapes[relation]
    constraint = await target.connection.fetchval(statement("partition_constraint", "cdc"), shape.relid)
    if constraint is None:
        return
    sql = render(
        "truncate_ended_of",
        "cdc",
        base_there=_there(shape, fragment("s.base"), type_name(constraint)),
        incoming_there=_there(shape, fragment("s.incoming"), type_name(constraint)),
    )
    try:
        async with target.connection.transaction():
            await target.connection.execute(sql, str(entity))
    except asyncpg.PostgresError as error:
        # One holds what is no value here: nothing says which partition it would be in.
        if judge(error.sqlstate).blame is not Blame.ROW:
            raise


def _there(shape: TableShape, image: Composed, constraint: Composed) -> Composed:
    """Whether an image lies in the partition. No row of it is read: `n` lends the columns' collations."""
    names = [(identifier(column.name), column.base_type) for column in shape.columns]
    return fragment(
        "(SELECT {constraint} FROM (SELECT {values} FROM json_to_record({image}) AS x({texts})"
        " LEFT JOIN {table} AS n ON false) AS t) IS TRUE",
        constraint=constraint,
        values=joined(
            fragment("coalesce(n.{c}, CAST(x.{c} AS {type})) AS {c}", c=name, type=type_)
            for name, type_ in names
        ),
        image=image,
        texts=joined(fragment("{c} text", c=name) for name, _ in names),
        table=shape.relation,
    )
