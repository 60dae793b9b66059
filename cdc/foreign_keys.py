"""Whether foreign keys hold over whole tables, where the server did not check them for us."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import asyncpg

from cdc.errors import SchemaMismatch
from cdc.model import Entity, Side
from cdc.periods import covering
from cdc.session import Connection
from cdc.shape import ForeignKey
from triggers.identifiers import Composed, fragment, identifier, identifier_list, joined, qualified
from triggers.statements import render

_HINT: Final = "mend that row on the side whose rows count, or drop the constraint on {side}"


async def check_foreign_keys(connection: Connection, keys: Iterable[ForeignKey], side: Side) -> None:
    """Make sure that every reference leads to a row.

    Args:
        connection: the side that was written to, in the transaction that wrote.
        keys: the constraints to check.
        side: its name, for the message.

    Raises:
        SchemaMismatch: a reference leads nowhere; nothing may be committed.
    """
    for key in keys:
        row = await connection.fetchrow(_violation(key))
        if row is not None:
            raise SchemaMismatch(
                f"{key.child} would refer to {row['reference']} of {key.parent} on {side},"
                f" which is not there ({key.name})",
                hint=_HINT.format(side=side),
            )


def refused_reference(child: Entity, side: Side, error: asyncpg.ForeignKeyViolationError) -> SchemaMismatch:
    """What to raise where the server has checked for us, and refused rows of a table.

    Args:
        child: the table that was written to.
        side: its side.
        error: what the server said.
    """
    name = error.as_dict().get("constraint_name")
    said = error.as_dict().get("detail") or error
    return SchemaMismatch(
        f"{child} would refer to a row that is not there on {side} ({name}): {said}",
        hint=_HINT.format(side=side),
    )


def reference_parts(key: ForeignKey, alias: str) -> dict[str, Composed]:
    """What statements about a reference need: `present`, `parent`, `matches` and `covering`.

    Args:
        key: the constraint.
        alias: the child's alias in the statement; the parent's is `p`.
    """
    child = identifier(alias)
    return {
        "parent": qualified(key.parent.schema, key.parent.table),
        "covering": covering(key, alias, key.child_columns[-1]),
        "present": joined(
            (
                fragment("{child}.{name} IS NOT NULL", child=child, name=identifier(name))
                for name in key.child_columns
            ),
            " AND ",
        ),
        "matches": joined(
            (
                fragment(
                    "p.{parent} {operator} {child}.{name}",
                    parent=identifier(parent),
                    operator=operator,
                    child=child,
                    name=identifier(name),
                )
                for parent, name, operator in zip(
                    key.parent_columns, key.child_columns, key.operators, strict=True
                )
            ),
            " AND ",
        ),
    }


def _violation(key: ForeignKey) -> str:
    return render(
        "foreign_key_violation",
        "cdc",
        columns=identifier_list(key.child_columns, "c"),
        child=qualified(key.child.schema, key.child.table),
        **reference_parts(key, "c"),
    )
