"""What an entry that was refused waits for: records whose changes are put off themselves, or that somebody holds."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

import asyncpg

from cdc.applier import Applier
from cdc.conflicts import Related
from cdc.putting_off import describe
from cdc.ties import Behind, standing
from cdc.undone import LOCKED
from triggers.statements import statement

Key = tuple[str, str]
MOST: Final = 5_500
"""Entries looked at to learn what another one waits for."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An entry that was refused, the records in its way, and what it waits for."""

    row: asyncpg.Record
    error: Exception
    related: Sequence[Related] = ()
    behind: Behind = Behind.NOTHING


async def told_apart(
    applier: Applier, failures: Sequence[Failure], untried: Collection[Key], held: Collection[Key]
) -> list[Failure]:
    """Tell those apart whose time may still come, because what is in their way is put off itself."""
    ways = {key_of(each.row): in_the_way(each) for each in failures}
    locked = {key_of(each.row) for each in failures if describe(each.error)[2] == LOCKED}
    others = list({key for way in ways.values() for key in way} - ways.keys())
    rows = await applier.target.connection.fetch(
        statement("deferred_among", "cdc"), applier.source, *_columns(others), LOCKED, MOST
    )
    rows = [row for row in rows if key_of(row) not in ways]
    locked |= {key_of(row) for row in rows if row["held"]}
    beyond = {key_of(row): known(key_of(row), row) for row in rows}
    found = standing(beyond | ways, {*untried, *beyond}, {*held, *locked})
    return [replace(each, behind=found[key_of(each.row)]) for each in failures]


def _columns(keys: Sequence[Key]) -> tuple[list[str], list[str]]:
    return [entity for entity, _ in keys], [entity_id for _, entity_id in keys]


def known(key: Key, row: asyncpg.Record) -> list[Key]:
    """The records that were in an entry's way so far."""
    found = [(entity, entity_id) for entity, entity_id in json.loads(row["known"] or "[]")]
    return [other for other in found if other != key]


def key_of(row: asyncpg.Record) -> Key:
    """The record an entry is about."""
    return row["entity"], row["entity_id"]


def in_the_way(failure: Failure) -> list[Key]:
    """The records that an entry's row cannot stand beside, or cannot do without."""
    own = key_of(failure.row)
    named = ((each.entity, each.entity_id) for each in failure.related)
    return [key for key in named if key != own]
