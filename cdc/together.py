"""Tries put-off entries together: rows may wait for each other, as values do that change places."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import asyncpg

from cdc import records
from cdc.applier import Applier, splits
from cdc.blockers import Refused, blockers
from cdc.change import Change
from cdc.conflicts import Related
from cdc.detours import Halves, detours
from cdc.faults import among_rows
from cdc.images import to_image, to_text
from cdc.model import Op
from cdc.references import ReferenceBroken
from cdc.session import Connection
from cdc.sieve import Refusal, Sieve
from cdc.ties import knots
from cdc.undone import LOCKED, Outcome
from cdc.waiting import Failure, Key, in_the_way, key_of, known, told_apart
from triggers.statements import statement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_QUEUE: Final = 500
"""Entries tried one by one, because others have moved; healthy rows wait meanwhile."""


async def try_together(
    applier: Applier, due: Sequence[asyncpg.Record], held: Collection[Key]
) -> tuple[Outcome, list[Failure]]:
    """Apply entries in the open transaction; their rows are locked.

    Args:
        applier: of the link.
        due: the entries.
        held: others, whose rows somebody else holds.

    Returns:
        What was applied, and the entries that were refused. Of a storm of them the rest is left as it was.

    Raises:
        asyncpg.PostgresError: an error that no row is to blame for.
    """
    sieve, tried = _Entries(applier), {key_of(row) for row in due}
    outcome, due = await _known_knots(sieve, due)
    outcome += await sieve.sift(due)
    failures = [replace(each, related=await _related(applier, each)) for each in sieve.refused]
    found, failures = await _in_knots(sieve, failures)
    outcome += found
    left = {key_of(row): row for row in (*(each.row for each in failures), *sieve.untried)}
    ways = {key: known(key, row) for key, row in left.items()}
    ways |= {key_of(each.row): in_the_way(each) for each in failures}
    found, moved = await _in_queues(sieve, left, ways, tried - left.keys())
    failures = [each for each in failures if key_of(each.row) in left]
    untried = {key_of(row) for row in sieve.untried} & left.keys()
    return outcome + found, await told_apart(applier, failures, untried, {*held, *moved})


async def _known_knots(
    sieve: _Entries, due: Sequence[asyncpg.Record]
) -> tuple[Outcome, list[asyncpg.Record]]:
    """Try groups that had only each other in their way before, however many there are; returns the other entries."""
    outcome, left = Outcome(), {key_of(row): row for row in due}
    ways = {key: known(key, row) for key, row in left.items()}
    for group in knots(ways):
        if sieve.spent or not 1 < len(group) < len(due):
            continue
        found = await sieve.attempt([left[key] for key in group])
        if isinstance(found, Outcome):
            outcome += found
            for key in group:
                del left[key]
    return outcome, list(left.values())


async def _in_knots(sieve: _Entries, failures: Sequence[Failure]) -> tuple[Outcome, list[Failure]]:
    """Try groups that have only each other in their way."""
    outcome = Outcome()
    left = {key_of(each.row): each for each in failures}
    for group in knots({key: in_the_way(each) for key, each in left.items() if _among_rows(each.error)}):
        if sieve.spent:
            break
        rows = [left[key].row for key in group]
        found = await sieve.attempt(rows)
        if not isinstance(found, Outcome) and len(group) > 1:
            found = await sieve.attempt_round(rows) or found
        if isinstance(found, Outcome):
            outcome += found
            for key in group:
                del left[key]
    return outcome, list(left.values())


async def _in_queues(
    sieve: _Entries, left: dict[Key, asyncpg.Record], ways: dict[Key, list[Key]], moved: Collection[Key]
) -> tuple[Outcome, set[Key]]:
    """Try what waited for entries that have moved, and then what waited for that.

    A queue for unique values that cannot be deferred moves on from its head only, one entry after the other.

    Args:
        sieve: of the entries.
        left: the entries that have not moved; those that do are taken out.
        ways: what is in their way.
        moved: those that have.

    Returns:
        What was applied, and all that have moved by now.
    """
    outcome, done, ahead, tries = Outcome(), set(moved), list(moved), 0
    waiting: dict[Key, list[Key]] = {}
    for key, others in ways.items():
        for other in others:
            waiting.setdefault(other, []).append(key)
    while ahead:
        for key in waiting.get(ahead.pop(), ()):
            if key not in left or tries == LONGEST_QUEUE or sieve.spent:
                continue
            tries += 1
            found = await sieve.attempt([left[key]])
            if isinstance(found, Outcome):
                outcome += found
                del left[key]
                done.add(key)
                ahead.append(key)
    return outcome, done


class _Entries(Sieve[asyncpg.Record]):
    """Entries of cdc.sync_state, each the net change of a row of its own."""

    def __init__(self, applier: Applier) -> None:
        super().__init__(applier.target.connection, applier.target.patience)
        self.refused: list[Failure] = []
        self.untried: list[asyncpg.Record] = []
        self._applier = applier
        self._round: Halves | None = None

    async def attempt_round(self, items: Sequence[asyncpg.Record]) -> Outcome | None:
        """Apply entries that exchange values which cannot be deferred. None: they cannot."""
        shapes, changes = self._applier.target.shapes, changes_of(self._applier, items)
        tables = [self._applier.reader.known(change.table_id) for change in changes]
        pairs = [
            (change, shapes[table.entity])
            for change, table in zip(changes, tables, strict=True)
            if table is not None and table.key_columns
        ]
        for way in detours(pairs) if len(pairs) == len(changes) else ():
            self._round = way
            found = None if self.spent else await self.attempt(items)
            self._round = None
            if isinstance(found, Outcome):
                return found
        return None

    async def carry_out(self, items: Sequence[asyncpg.Record], *, part: bool) -> Outcome:  # noqa: ARG002
        outcome = Outcome()
        for changes in self._round or (changes_of(self._applier, items),):
            outcome += await self._applier.apply_changes(changes, ignore_live=True)
        if outcome.deferred:
            raise asyncpg.LockNotAvailableError(LOCKED)
        if self._round is not None and (outcome.conflicts or outcome.rechecks):
            raise asyncpg.UniqueViolationError("a row is not what its entry says")
        return outcome + await _done(self._connection, items)

    def splits(self, error: Refusal) -> bool:
        return splits(error, refreshed=True)

    async def set_aside(
        self, items: Sequence[asyncpg.Record], place: int
    ) -> tuple[Sequence[asyncpg.Record], Sequence[asyncpg.Record]]:
        return [*items[:place], *items[place + 1 :]], [items[place]]

    async def refuse(self, item: asyncpg.Record, error: Refusal) -> Outcome:
        self.refused.append(Failure(item, error))
        return Outcome()

    async def overflow(self, items: Sequence[asyncpg.Record], error: Refusal) -> Outcome:  # noqa: ARG002 - any
        self.untried += items
        return Outcome()


async def _done(connection: Connection, due: Sequence[asyncpg.Record]) -> Outcome:
    """End the entries that were applied. One that has become another conflict meanwhile has another version."""
    ids, versions = [row["id"] for row in due], [row["version"] for row in due]
    tables: dict[str, list[str]] = {}
    for row in await connection.fetch(statement("deferred_done", "cdc"), ids, versions):
        tables.setdefault(row["entity"], []).append(row["entity_id"])
    for entity, written in tables.items():
        # The source may have gone on meanwhile in a way that only a TRUNCATE told of.
        await records.recheck(connection, entity, written, "written late")
    return Outcome(rechecks=sum(len(written) for written in tables.values()))


def _among_rows(error: Exception) -> bool:
    return isinstance(error, ReferenceBroken) or (
        isinstance(error, asyncpg.PostgresError) and among_rows(error.sqlstate)
    )


async def _related(applier: Applier, failure: Failure) -> list[Related]:
    """The records that an entry's constraint is about."""
    constraint = getattr(failure.error, "constraint", None) or getattr(failure.error, "constraint_name", None)
    if constraint is None or not _among_rows(failure.error):
        return []
    for change in changes_of(applier, [failure.row]):
        table = applier.reader.known(change.table_id)
        if table is not None:
            mapping = applier.target.mapped(table.entity, change.columns)
            images = to_image(change.columns, change.old), to_image(change.columns, change.new)
            refused = Refused(applier.source, mapping, failure.row["entity_id"], *images, constraint)
            return await blockers(applier.target, refused, applier.reader.key_of)
    return []


def changes_of(applier: Applier, due: Sequence[asyncpg.Record]) -> list[Change]:
    """Entries as changes from their base to the newest image; what is nothing by now is left out."""
    changes = []
    for seq, row in enumerate(due):
        table_id = applier.reader.number(row["entity"])
        base = json.loads(row["base"]) if row["base"] else None
        incoming = json.loads(row["incoming"]) if row["incoming"] else None
        if base and incoming and row["reached"]:
            incoming |= json.loads(row["reached"])
        if table_id is None or base == incoming:
            continue
        columns = tuple((incoming or base or {}).keys())
        op = Op.DELETE if incoming is None else Op.INSERT if base is None else Op.UPDATE
        old, new = to_text(columns, base), to_text(columns, incoming)
        changes.append(Change(seq, 0, _EPOCH, table_id, op, columns, old, new))
    return changes
