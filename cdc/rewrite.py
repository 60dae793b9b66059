"""Writes the rows that differ, set-based, in an order that the constraints of the side allow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Final

import asyncpg

from cdc.difference import Difference
from cdc.errors import SchemaMismatch
from cdc.session import Connection
from cdc.table_pair import TablePair, parents_first
from triggers.identifiers import fragment, identifier, identifier_list, joined

REPLICA_HINT: Final = (
    "GRANT SET ON PARAMETER session_replication_role to the role (15 and newer), and start again"
)


async def rewrite(
    writer: Connection, differences: Sequence[Difference], pairs: Sequence[TablePair], role: str | None
) -> None:
    """Delete what is surplus, change what differs, insert what is missing.

    Args:
        writer: inside the transaction that writes; rows to come are staged in its session, with the lists of what
            differs.
        differences: the tables to write.
        pairs: all tables of the side that are synced or restored, for the order.
        role: the replication role that the transaction works under, None where it may not set one.

    Raises:
        SchemaMismatch: constraints stand in the way of every order.
    """
    if role:
        # No trigger sees it, so neither order nor cascades matter.
        for one in differences:
            await writer.execute(one.sql("_delete"))
            if one.keyed:
                await writer.execute(one.sql("keyed_delete_differing"))
            await writer.execute(one.sql("_insert"))
        return
    levels, circle = parents_first(pairs)
    rank = {one.entity: n for n, one in enumerate([*(one for level in levels for one in level), *circle])}
    ordered = sorted(differences, key=lambda one: rank[one.pair.entity])
    ways: list[Callable[[], Awaitable[None]]] = [
        lambda: _delete_then_write(writer, ordered),
        # A row that stays still refers to one that goes: the other order.
        lambda: _write_then_delete(writer, ordered),
        # Rows take each other's unique values.
        lambda: _write_anew(writer, ordered),
    ]
    if circle:
        ways.append(lambda: _write_loose(writer, differences, pairs, circle))
    for way in ways:
        try:
            async with writer.transaction():
                await way()
        except asyncpg.IntegrityConstraintViolationError as error:
            refused = error
        else:
            return
    raise SchemaMismatch(
        f"constraints are in the way of every order: {refused}", hint=REPLICA_HINT
    ) from refused


async def _delete_then_write(writer: Connection, ordered: Sequence[Difference]) -> None:
    await _delete(writer, ordered)
    await _write(writer, ordered)


async def _write_then_delete(writer: Connection, ordered: Sequence[Difference]) -> None:
    await _write(writer, ordered)
    await _delete(writer, ordered)


async def _write_anew(writer: Connection, ordered: Sequence[Difference]) -> None:
    """Rows that differ go before any is written; where others refer to them they let go of their unique values."""
    await _delete(writer, ordered)
    for one in reversed(ordered):
        if one.keyed and not one.pair.target.incoming:
            await writer.execute(one.sql("keyed_delete_differing"))
        elif one.keyed and (columns := _unique_columns(one.pair)):
            await _detach(writer, one, columns, "'b'")
    await _write(writer, ordered)


async def _delete(writer: Connection, ordered: Sequence[Difference]) -> None:
    """Children first. Cascades only reach rows that go too, or that are written right after."""
    for one in reversed(ordered):
        await writer.execute(one.sql("_delete"))


async def _write(writer: Connection, ordered: Sequence[Difference]) -> None:
    await writer.execute("SET CONSTRAINTS ALL DEFERRED")
    for one in ordered:
        if one.keyed and one.settable:
            await writer.execute(one.sql("keyed_update"))
        await writer.execute(one.sql("_insert"))
    await writer.execute("SET CONSTRAINTS ALL IMMEDIATE")


async def _write_loose(
    writer: Connection,
    differences: Sequence[Difference],
    pairs: Sequence[TablePair],
    circle: Sequence[TablePair],
) -> None:
    """References within a circle that can be NULL are, until all rows are there, and again before rows go."""
    loose = {one.entity: _loose_columns(one, circle) for one in pairs}
    levels, rest = parents_first([_without(one, loose[one.entity]) for one in pairs])
    rank = {one.entity: number for number, level in enumerate([*levels, rest]) for one in level}
    ordered = sorted(differences, key=lambda one: rank[one.pair.entity])
    await writer.execute("SET CONSTRAINTS ALL DEFERRED")
    for one in ordered:
        columns = loose[one.pair.entity] if one.keyed else ()
        values = joined(
            fragment("NULL") if name in columns else identifier_list([name], "s") for name in one.pair.columns
        )
        await writer.execute(one.sql("_insert", values=values))
    for one in ordered:
        if one.keyed and one.settable:
            await writer.execute(one.sql("keyed_update"))
    for one in ordered:
        if one.keyed and loose[one.pair.entity]:
            await _detach(writer, one, loose[one.pair.entity], "'h'")
    await _delete(writer, ordered)
    await writer.execute("SET CONSTRAINTS ALL IMMEDIATE")


async def _detach(writer: Connection, one: Difference, columns: Sequence[str], kind: str) -> None:
    """Set columns of the rows of a kind to NULL."""
    nulls = joined(fragment("{name} = NULL", name=identifier(name)) for name in columns)
    await writer.execute(one.sql("keyed_detach", nulls=nulls, kind=fragment(kind)))


def _unique_columns(one: TablePair) -> tuple[str, ...]:
    """The columns of unique indexes that can be NULL and do not name the row."""
    fixed = {column.name for column in one.target.columns if column.not_null}.union(one.key)
    names = [name for key in one.target.keys for name in key.columns]
    return tuple(dict.fromkeys(name for name in names if name in one.columns and name not in fixed))


def _loose_columns(one: TablePair, circle: Sequence[TablePair]) -> tuple[str, ...]:
    """The columns that can be NULL by which a table refers into a circle that it is part of."""
    entities = {each.entity for each in circle}
    fixed = {column.name for column in one.target.columns if column.not_null}.union(one.key)
    inward = [key for key in one.target.outgoing if key.parent in entities and key.parent != one.entity]
    names = [name for key in inward for name in key.child_columns]
    return tuple(dict.fromkeys(name for name in names if name in one.columns and name not in fixed))


def _without(one: TablePair, loose: Sequence[str]) -> TablePair:
    """The table without its references by these columns."""
    kept = [key for key in one.target.outgoing if not set(key.child_columns) & set(loose)]
    return replace(one, target=replace(one.target, outgoing=kept))
