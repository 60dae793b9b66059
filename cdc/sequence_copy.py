"""Sequences after a copy: the target's never give a number that the source has given, and never go back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdc.session import Connection
from triggers.identifiers import Composed, qualified
from triggers.statements import render, statement

_EVERY_OTHER = 2


@dataclass(frozen=True, slots=True)
class SequenceState:
    """Where a sequence stands. `called`: `last` has been given; else it is the next to be given."""

    last: int
    called: bool
    increment: int

    @property
    def next(self) -> int:
        """The number that will be given next."""
        return self.last + self.increment if self.called else self.last


def forward(source: SequenceState, target: SequenceState, *, apart: bool = False) -> tuple[int, bool] | None:
    """What to set the target to, None to leave it.

    Args:
        source: the side that was copied from.
        target: the other. Where it counts by twos (odd or even) or more, it keeps its numbers' remainder.
        apart: both sides give numbers. Where the target's definition came from the source, with a dump or by a copy,
            and counts by twos (odd), it would give the same ones: the target takes those between.

    Returns:
        The arguments of setval: value and is_called.
    """
    sign = 1 if target.increment > 0 else -1
    same = target.increment == source.increment and (source.next - target.next) % target.increment == 0
    if apart and same and abs(target.increment) == _EVERY_OTHER:
        return sign * max(sign * source.next, sign * target.next) + sign, False
    if sign * target.next >= sign * source.next:
        return None
    if same:
        return source.last, source.called
    step = abs(target.increment)
    gap = sign * (source.next - target.next)
    return target.next + sign * -(-gap // step) * step, False


async def copy_sequences(
    source: Connection, target: Connection, schemas: Sequence[str], *, apart: bool = False
) -> int:
    """Move the target's sequences forward to where the source's are. Returns how many were moved.

    Args:
        source: the side that was copied from.
        target: the other.
        schemas: whose sequences.
        apart: as for `forward`.
    """
    here = await _read(source, schemas)
    there = await _read(target, schemas)
    moved = 0
    for name in here.keys() & there.keys():
        setting = forward(here[name], there[name], apart=apart)
        if setting is not None:
            await target.execute(statement("sequence_set", "cdc"), name, *setting)
            moved += 1
    return moved


async def _read(connection: Connection, schemas: Sequence[str]) -> dict[Composed, SequenceState]:
    found = {}
    for row in await connection.fetch(statement("sequence_list", "cdc"), list(schemas)):
        name = qualified(row["schema_name"], row["sequence_name"])
        value = await connection.fetchrow(render("sequence_value", "cdc", sequence=name))
        if value is not None:
            found[name] = SequenceState(value["last_value"], value["is_called"], row["increment"])
    return found
