"""SQL over foreign keys of periods: a child's range has to be covered by those of its parents together. Pure."""

from __future__ import annotations

from cdc.shape import ForeignKey
from triggers.identifiers import Composed, fragment, identifier, joined

_NOTHING = fragment("")


def covering(key: ForeignKey, child: str, column: str) -> Composed:
    """What a look for the parents `p` of one child needs besides, empty of other keys.

    Args:
        key: the constraint.
        child: the child's alias.
        column: its range there.
    """
    if not key.period:
        return _NOTHING
    found = identifier(key.parent_columns[-1])
    wanted = fragment("{child}.{column}", child=identifier(child), column=identifier(column))
    return fragment(" HAVING range_agg(p.{found}) @> {wanted}", found=found, wanted=wanted)


def part(key: ForeignKey) -> Composed:
    """What tells the parents `p` of one child apart, to be added to a text; empty of other keys, which have one."""
    return fragment(" || p.{c}::text", c=identifier(key.parent_columns[-1])) if key.period else _NOTHING


def outgoing_parts(key: ForeignKey) -> dict[str, Composed]:
    """What references_outgoing.sql needs besides: `ranges` and `covered`, both empty of other keys."""
    if not key.period:
        return {"ranges": _NOTHING, "covered": _NOTHING}
    found, wanted = identifier(key.parent_columns[-1]), identifier(f"r{len(key.parent_columns) - 1}")
    return {
        "ranges": fragment(", p.{found} AS found, r.{wanted} AS wanted", found=found, wanted=wanted),
        "covered": fragment("GROUP BY reference, wanted HAVING range_agg(found) @> wanted"),
    }


def incoming_parts(key: ForeignKey) -> dict[str, Composed]:
    """What references_incoming_period.sql needs besides."""
    pairs = zip(key.parent_columns, key.operators, key.child_columns, strict=True)
    return {
        "found": fragment("p.{c}", c=identifier(key.parent_columns[-1])),
        "wanted": fragment("c.{c}", c=identifier(key.child_columns[-1])),
        "same": joined(
            (
                fragment("p.{p} {op} c.{c}", p=identifier(parent), op=op, c=identifier(child))
                for parent, op, child in pairs
            ),
            " AND ",
        ),
    }
