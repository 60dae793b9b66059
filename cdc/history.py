"""Whether a source is still the one a position was taken of: checked on every connect, before applying."""

from __future__ import annotations

from cdc.epoch import epoch
from cdc.errors import HistoryError
from cdc.model import Side
from cdc.position import Position, Seen
from cdc.session import Connection
from triggers.statements import statement


def fault(position: Position, current_epoch: str, now: Seen, pruned_through: Seen | None) -> str | None:
    """What is wrong with applying this source from this position on, None when nothing is. Pure.

    Args:
        position: what the target has applied.
        current_epoch: the source's epoch as it is.
        now: the source's present snapshot.
        pruned_through: up to where the source has deleted its changes.
    """
    if position.epoch != current_epoch:
        return f"it was replaced, restored, promoted or cloned: was {position.epoch}, is {current_epoch}"
    reached = max(seen.xmax for seen in (position.seen, position.window_to) if seen is not None)
    if reached > now.xmax:
        return f"it was rolled back: transactions up to {reached} were applied, it stands at {now.xmax}"
    if pruned_through is not None and position.seen.xmin < pruned_through.xmin:
        return (
            f"its changes before transaction {pruned_through.xmin} are pruned, because they had been applied, "
            f"but the target stands at {position.seen.xmin} again: the target was rolled back"
        )
    return None


async def load_position(source: Connection, target: Connection, side: Side) -> Position:
    """Read what the target has applied of the source, and compare it with the source's history.

    Args:
        source: to the source.
        target: to the target, which holds the position.
        side: the source's side.

    Raises:
        HistoryError: there is no position, or it belongs to another history. Nothing was applied.
    """
    row = await target.fetchrow(statement("position_read", "cdc"), side)
    if row is None:
        raise HistoryError(
            f"{side.other} has no position of {side}",
            hint="run `cdc run`, which makes the two databases equal first",
        )
    window_to = Seen.parse(row["window_to"]) if row["window_to"] else None
    position = Position(row["epoch"], Seen.parse(row["seen"]), window_to, row["last_seq"])
    facts = await source.fetchrow(statement("source_history", "cdc"))
    if facts is None:
        raise HistoryError(f"{side} has an empty cdc.node", hint="run `cdc install-triggers`")
    pruned = Seen.parse(facts["pruned_through"]) if facts["pruned_through"] else None
    wrong = fault(position, await epoch(source), Seen.parse(facts["now"]), pruned)
    if wrong is not None:
        raise HistoryError(
            f"{side} is not the database that {side.other} was synced with: {wrong}",
            hint=f"look at both sides, then run `cdc resync {side.other}` to make {side.other} equal to {side}, "
            f"or `cdc resync {side}` for the reverse",
        )
    return position
