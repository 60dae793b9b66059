"""What lets one change be claimed and applied by a single statement, which is a transaction of its own. Pure.

The change comes out of the claim: where another instance has moved the position there is none. What is not as it must
be divides by zero, so that nothing of it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cdc.model import Side
from cdc.position import Position
from cdc.shape import TableShape
from triggers.identifiers import Composed, fragment, joined
from triggers.statements import piece

CLAIM: Final = fragment("claim AS ({advance}), ", advance=piece("position_advance", "cdc"))
"""Its parameters are $1 to $11, see position_advance.sql."""
ALONE: Final = fragment(
    "(SELECT u.seq, u.txid::xid8 AS txid, u.old, u.new "
    "FROM claim c, (VALUES ($12::bigint, $13::text, $14::text, $15::text)) AS u (seq, txid, old, new)) b"
)
"""The change as a batch."""
NOTHING: Final = fragment("")


def advance(
    source: Side, before: Position, after: Position, changes: int, shapes: Sequence[TableShape]
) -> tuple[object, ...]:
    """What stands for $1 to $10 of position_advance.sql.

    Args:
        source: the link's source.
        before: the position as it was read.
        after: the position once the changes are applied.
        changes: how many lie between them.
        shapes: the tables that are written to.
    """
    return (
        source,
        before.owner,
        str(before.seen),
        before.last_seq,
        str(after.seen),
        str(after.window_to) if after.window_to else None,
        after.last_seq,
        changes,
        [shape.relid for shape in shapes],
        str(after.witness) if after.witness else None,
    )


def proof(*suspicions: Composed) -> Composed:
    """One more column, of a statement that counts what it wrote: an error unless that is all there is to do.

    Args:
        suspicions: boolean arrays, whether foreign keys are to be checked. $16 is the sum of the tables' marks.
    """
    return fragment(
        ", 1 / (count(*) = 1 AND NOT (true = ANY ({suspicions}))"
        " AND (SELECT NOT c.live AND c.mark = $16::text::numeric FROM claim c))::int AS proof",
        suspicions=joined(suspicions, " || "),
    )
