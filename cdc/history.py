"""Whether two databases are still the ones that positions were taken of: checked on every connect, before applying.

A position that names another history would lose, double or swap changes without a word.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from cdc.epoch import epoch
from cdc.errors import HistoryError, PositionMoved
from cdc.model import Side
from cdc.position import Position, Seen, Witness
from cdc.session import Connection
from triggers.statements import statement

_PARTS = (
    "schema cdc was made anew there, or the two sides were made equal anew since",
    "it is on another server: it was replaced, or restored from a dump",
    "a standby was promoted, or a base backup restored: it may lack transactions that were applied",
    "it is another database of the same server: it was cloned, or restored from a dump",
)
"""What it means when a part of an epoch differs, in the order of the parts."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A source as it is. `has_witness`: whether it still has the last change applied, None without one.

    `openings` are the links that were opened from it last.
    """

    epoch: str
    now: Seen
    pruned_through: Seen | None = None
    has_witness: bool | None = None
    openings: tuple[str, ...] = ()


def fault(side: Side, position: Position, oldest: Seen, facts: Facts) -> str | None:
    """What is wrong with applying a source from a position on, in one sentence; None when nothing is. Pure.

    Args:
        side: the source's side.
        position: what the other side has applied.
        oldest: the same for the table that is furthest behind.
        facts: the source as it is.
    """
    another = f"{side} is not the database that {side.other} was synced with"
    if position.epoch != facts.epoch:
        return f"{another}: {_difference(position.epoch, facts.epoch)}"
    reached = max(seen.xmax for seen in (position.seen, position.window_to) if seen is not None)
    if reached > facts.now.xmax:
        return (
            f"{another}: it was rolled back; {side.other} has applied its transactions up to {reached}, and it"
            f" stands at {facts.now.xmax}"
        )
    if facts.pruned_through is not None and oldest.xmin < facts.pruned_through.xmin:
        return (
            f"{side.other} was rolled back: it has applied {side}'s transactions up to {oldest.xmin}, and later"
            f" ones, up to {facts.pruned_through.xmin}, are pruned because it had applied them"
        )
    if facts.has_witness is False and position.witness is not None:
        return (
            f"{another}: it was rolled back; {side.other} has applied its transaction {position.witness.txid} of"
            f" {position.witness.at}, which it has no more"
        )
    if position.opening is not None and position.opening not in facts.openings:
        return (
            f"{another}: it was rolled back, or is a copy of its files; {side.other} has been linked since with"
            " one that it knows nothing of"
        )
    return None


def _difference(was: str, now: str) -> str:
    parts = zip(_PARTS, was.split(":"), now.split(":"), strict=False)
    why = next((meaning for meaning, before, after in parts if before != after), "its identity differs")
    return f"{why} (was {was}, is {now})"


async def load_position(source: Connection, target: Connection, side: Side) -> Position:
    """Read what the target has applied of the source, and compare both sides with what they were.

    The other direction is looked at too: a side that is not what it was must not be written to either.

    Args:
        source: to the source.
        target: to the target, which holds the position.
        side: the source's side.

    Raises:
        HistoryError: there is no position, or one belongs to another history. Nothing was applied.
    """
    position = await _stored(target, side)
    if position is None:
        raise HistoryError(
            f"{side.other} has no position of {side}",
            hint="run `cdc run`, which makes the two databases equal first",
        )
    for wrong in (await contradiction(source, target, side), await contradiction(target, source, side.other)):
        if wrong is not None:
            raise HistoryError(
                wrong,
                hint="nothing was applied; look at both sides, then stop the service, run `cdc resync BACKUP` to make"
                " BACKUP equal to MAIN or `cdc resync MAIN` for the reverse, and start it again",
            )
    return position


async def take(source: Connection, target: Connection, side: Side, position: Position) -> Position:
    """Let a link go on from a position that was compared: what has not seen this opening cannot from now on.

    Two copies of a server's files are alike in all else. The source notes it first, so that a crash in between
    leaves a position that it knows.

    Raises:
        PositionMoved: another instance was opened meanwhile.
    """
    opening = secrets.token_hex(8)
    await source.execute(statement("opening_add", "cdc"), opening)
    if not await target.fetch(statement("opening_take", "cdc"), side, opening, position.opening):
        raise PositionMoved(f"the position of {side} was taken by another instance")
    return replace(position, opening=opening)


async def contradiction(source: Connection, target: Connection, side: Side) -> str | None:
    """What speaks against the target's position of a source; None when nothing does, or there is none.

    Args:
        source: to the source.
        target: to the target.
        side: the source's side.

    Raises:
        HistoryError: the source is not installed whole.
    """
    position = await _stored(target, side)
    if position is None:
        return None
    seen = [Seen.parse(row["seen"]) for row in await target.fetch(statement("prune_point", "cdc"), side)]
    return fault(side, position, oldest(seen), await _facts(source, side, position.witness))


def oldest(points: list[Seen]) -> Seen:
    """The position that has seen least, by the oldest transaction that it may lack. Pure."""
    return min(points, key=lambda seen: seen.xmin)


async def _stored(target: Connection, side: Side) -> Position | None:
    row = await target.fetchrow(statement("position_read", "cdc"), side)
    if row is None:
        return None
    window_to = Seen.parse(row["window_to"]) if row["window_to"] else None
    witness = Witness.parse(row["last_change"])
    seen = Seen.parse(row["seen"])
    return Position(row["epoch"], seen, window_to, row["last_seq"], witness, row["opening"])


async def _facts(source: Connection, side: Side, witness: Witness | None) -> Facts:
    looked_for = (str(witness.txid), witness.seq, witness.at) if witness else (None, None, None)
    row = await source.fetchrow(statement("source_history", "cdc"), *looked_for)
    if row is None:
        raise HistoryError(f"{side} has an empty cdc.node", hint="run `cdc install-triggers`")
    pruned = Seen.parse(row["pruned_through"]) if row["pruned_through"] else None
    now = Seen.parse(row["now"])
    return Facts(await epoch(source), now, pruned, row["has_change"], tuple(row["openings"]))
