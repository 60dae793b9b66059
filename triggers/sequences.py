"""Serial and identity numbers that both sides can give without ever giving the same one twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from triggers.catalog import Connection, Number, read_catalog
from triggers.choice import choose
from triggers.errors import TriggerError
from triggers.locks import BUSY, Patience, install_lock, patiently, transaction
from triggers.statements import render, statement

_EVERY_OTHER = 2
_PARITY = {"MAIN": 1, "BACKUP": 0}


@dataclass(frozen=True, slots=True)
class SequenceReport:
    """What became of one sequence. `next_number`: the one that it gives next; None: it was left alone."""

    sequence: str
    state: Literal["interleaved", "unchanged", "left alone"]
    next_number: int | None
    note: str = ""


async def interleave(
    connection: Connection,
    *,
    side: str,
    schemas: Sequence[str],
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> tuple[SequenceReport, ...]:
    """Let the sequences of captured tables give odd numbers on MAIN, even ones on BACKUP.

    They only ever move forward. Run it on both sides, after the rows of both have come together: it does
    not look at what the other side has given before.

    Args:
        connection: outside a transaction; of a role that owns the sequences.
        side: MAIN or BACKUP.
        schemas: as for `triggers.install.install`, like the next two.
        include: where not empty, only the sequences of these tables.
        exclude: tables whose sequences are left alone.

    Raises:
        TriggerError: a sequence stayed in use for a minute; those before it are done.
    """
    async with install_lock(connection):
        async with transaction(connection):
            catalog = await read_catalog(connection, schemas)
        captured = {
            level.relid
            for choice in choose(catalog, include=include, exclude=exclude)
            if choice.report.state == "captured"
            for level in choice.levels
        }
        numbers = [number for number in catalog.sequences if number.relid in captured]
        patience = Patience()
        return tuple([await _interleave(connection, number, side, patience) for number in numbers])


def _left_alone(number: Number) -> str:
    """Why a sequence cannot be interleaved; empty where it can."""
    if not number.owned:
        return f"It belongs to role {number.owner}, and only its owner can alter it."
    if number.cycles:
        return "It starts anew when it is used up, so its numbers are not unique on one side already."
    if number.increment < 0:
        return "It counts down."
    if number.increment > _EVERY_OTHER:
        return (
            f"It counts in steps of {number.increment}, which clients take as blocks; they would break if "
            "that changed. Give the two sides ranges of their own with ALTER SEQUENCE … RESTART."
        )
    return ""


async def _interleave(
    connection: Connection, number: Number, side: str, patience: Patience
) -> SequenceReport:
    why_not = _left_alone(number)
    if why_not:
        return SequenceReport(number.entity, "left alone", None, why_not)
    try:
        return await patiently(connection, partial(_alter, connection, number, side), patience)
    except BUSY as error:
        raise TriggerError(
            f"Sequence {number.entity} stayed in use by other transactions.",
            hint="End those and run it again; the sequences before it are done.",
        ) from error


async def _alter(connection: Connection, number: Number, side: str) -> SequenceReport:
    last, called = await _state(connection, number)
    upcoming = last + number.increment if called else last
    if number.increment == _EVERY_OTHER and upcoming % 2 == _PARITY[side]:
        return SequenceReport(number.entity, "unchanged", upcoming)
    # This waits for transactions that took a number, and keeps others from taking one until we have set it.
    await connection.execute(render("sequence_interleave", sequence=number.sql))
    last, called = await _state(connection, number)
    upcoming = last + 1 if called else last
    if upcoming % 2 != _PARITY[side]:
        upcoming += 1
    if upcoming > number.maximum:
        raise TriggerError(
            f"Sequence {number.entity} is used up.",
            hint="Give its column a larger type, or leave the table out with --exclude.",
        )
    await connection.execute(statement("sequence_set"), number.sql, upcoming)
    return SequenceReport(number.entity, "interleaved", upcoming)


async def _state(connection: Connection, number: Number) -> tuple[int, bool]:
    row = await connection.fetchrow(render("sequence_state", sequence=number.sql))
    if row is None:
        raise TriggerError(f"Sequence {number.entity} has no state.", hint="Its file may be damaged.")
    return int(row["last_value"]), bool(row["is_called"])
