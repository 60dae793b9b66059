"""Conflicts as people see them: one per record, however many links met it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from cdc.errors import ConflictNotFound
from cdc.model import ConflictStatus, Image, Resolution, Side
from cdc.session import Connection
from triggers.statements import statement

MOST: Final = 500
"""The largest page."""
MOST_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one side's images after which a page ends."""


@dataclass(frozen=True, slots=True)
class Related:
    """A record that stands in a conflict's way, such as the one that has the unique value already."""

    side: Side
    entity: str
    entity_id: str
    row: Image | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """One record's conflict. Images are None where that side has no row."""

    entity: str
    entity_id: str
    type: str
    status: ConflictStatus
    constraint: str | None
    error: str | None
    base: Image | None
    main: Image | None
    backup: Image | None
    detected_at: datetime
    version: int
    resolution: Resolution | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    reason: str | None = None
    related: tuple[Related, ...] = ()
    merged: Image | None = None

    @property
    def changed_columns(self) -> tuple[str, ...]:
        """Columns in which the two rows differ; all of them where one side has no row."""
        main, backup = self.main or {}, self.backup or {}
        names = list(dict.fromkeys([*main, *backup]))
        if self.main is None or self.backup is None:
            return tuple(names)
        return tuple(name for name in names if main.get(name) != backup.get(name))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conflicts are wanted."""

    statuses: tuple[ConflictStatus, ...] = (ConflictStatus.OPEN,)
    entity: str | None = None
    type: str | None = None
    before: datetime | None = None
    """Detected before then."""
    only_column: str | None = None
    """Both sides have the row, and it differs in this column alone."""

    def takes(self, conflict: Conflict) -> bool:
        """Whether what the databases did not look at is as wanted."""
        if self.type is not None and conflict.type != self.type:
            return False  # the other side's entry is newer, and of another type
        return self.only_column is None or (
            conflict.main is not None
            and conflict.backup is not None
            and conflict.changed_columns == (self.only_column,)
        )


Cursor = tuple[str, str]
"""The record that a page ended with: entity, entity id."""
Entries = dict[Cursor, dict[Side, asyncpg.Record]]
"""What the two sides keep of some records."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What has to be known of a conflict to decide many: the record, its version, and about how much it holds."""

    entity: str
    entity_id: str
    version: int
    bytes: int


async def list_conflicts(
    main: Connection,
    backup: Connection,
    wanted: Filter | None = None,
    *,
    limit: int = 50,
    after: Cursor | None = None,
) -> tuple[list[Conflict], Cursor | None]:
    """One page of conflicts by record, and where the next begins (None: this was the last).

    A page may have less than `limit`, or nothing, and another follow all the same: where a filter is looked at
    here, and where rows are large.

    Args:
        main: to MAIN.
        backup: to BACKUP.
        wanted: the filter; open ones of all tables by default.
        limit: most conflicts of a page, 1 to MOST.
        after: where the page before ended.
    """
    wanted = wanted or Filter()
    keys, following = await _records(main, backup, wanted, max(1, min(limit, MOST)), after)
    entries, read = await _entries(main, backup, wanted, keys, images=True)
    page = [merge(entries[key]) for key in keys[:read] if key in entries]
    return [each for each in page if wanted.takes(each)], following if read == len(keys) else keys[read - 1]


async def list_outlines(
    main: Connection, backup: Connection, wanted: Filter, *, after: Cursor | None = None
) -> tuple[list[Outline], Cursor | None]:
    """One page of what is to be decided, as `list_conflicts`; rows are read only where the filter is about them."""
    keys, following = await _records(main, backup, wanted, MOST, after)
    images = wanted.only_column is not None
    entries, read = await _entries(main, backup, wanted, keys, images=images)
    page = []
    for key in keys[:read]:
        sides = entries.get(key)
        if sides is not None and wanted.takes(merge(sides)):
            rows = sides.values()
            page.append(Outline(*key, sum(row["version"] for row in rows), sum(row["bytes"] for row in rows)))
    return page, following if read == len(keys) else keys[read - 1]


async def _records(
    main: Connection, backup: Connection, wanted: Filter, limit: int, after: Cursor | None
) -> tuple[list[Cursor], Cursor | None]:
    """The records of a page, by the bytes of their names, and where the next page begins."""
    arguments = [wanted.entity, wanted.type, *(after or (None, None)), limit + 1, wanted.before]
    sql = statement("conflicts_open", "cdc")
    if wanted.statuses != (ConflictStatus.OPEN,):
        sql = statement("conflicts_any", "cdc")
        arguments.append([str(each) for each in wanted.statuses])
    found: set[Cursor] = set()
    for connection in (main, backup):
        found.update((row["entity"], row["entity_id"]) for row in await connection.fetch(sql, *arguments))
    keys = sorted(found, key=lambda key: (key[0].encode(), key[1].encode()))
    return keys[:limit], keys[limit - 1] if len(keys) > limit else None


async def _entries(
    main: Connection, backup: Connection, wanted: Filter, keys: Sequence[Cursor], *, images: bool
) -> tuple[Entries, int]:
    """What both sides keep of some records, and how many of them were read."""
    arguments = [key[0] for key in keys], [key[1] for key in keys], [str(each) for each in wanted.statuses]
    entries: Entries = {}
    read = len(keys)
    for side, connection in ((Side.MAIN, main), (Side.BACKUP, backup)):
        rows = await connection.fetch(statement("conflicts_of", "cdc"), *arguments, images, MOST_BYTES)
        read = min(read, len(rows))
        for row in rows:
            if row["entity"] is not None:
                entries.setdefault((row["entity"], row["entity_id"]), {})[side] = row
    return entries, read


async def get_conflict(main: Connection, backup: Connection, entity: str, entity_id: str) -> Conflict:
    """One record's open conflict, else its last one.

    Raises:
        ConflictNotFound: there never was one, or it is no longer kept.
    """
    entries = {}
    for side, connection in ((Side.MAIN, main), (Side.BACKUP, backup)):
        row = await connection.fetchrow(statement("conflict_read", "cdc"), entity, entity_id)
        if row is not None:
            entries[side] = row
    is_open = [row for row in entries.values() if row["status"] == ConflictStatus.OPEN]
    if is_open:
        entries = {side: row for side, row in entries.items() if row["status"] == ConflictStatus.OPEN}
    if not entries:
        raise ConflictNotFound(
            f"{entity} {entity_id} has no conflict", hint="`cdc conflicts` lists the open ones"
        )
    return merge(entries)


def merge(entries: dict[Side, asyncpg.Record]) -> Conflict:
    """Make one conflict of the entries that the two sides keep of a record; the newer knows better. Pure."""
    newest_first = sorted(entries.items(), key=lambda item: item[1]["updated_at"], reverse=True)
    side, newest = newest_first[0]
    incoming, current = _image(newest["incoming"]), _image(newest["current"])
    main, backup = (current, incoming) if side is Side.MAIN else (incoming, current)
    bases: Sequence[Image | None] = [_image(row["base"]) for _, row in newest_first]
    decided = next((row["resolution"] for _, row in newest_first if row["resolution"]), None)
    related = [each for _, row in newest_first for each in _related(row["related"])]
    return Conflict(
        newest["entity"],
        newest["entity_id"],
        newest["type"],
        ConflictStatus(newest["status"]),
        newest["constraint_name"],
        newest["error"],
        next((base for base in bases if base is not None), None),
        main,
        backup,
        min(row["detected_at"] for _, row in newest_first),
        sum(row["version"] for _, row in newest_first),
        Resolution(decided) if decided else None,
        newest["resolved_by"],
        newest["resolved_at"],
        newest["reason"],
        tuple(each for place, each in enumerate(related) if each not in related[:place]),
        _image(newest["merged"]),
    )


def _related(text: str | None) -> list[Related]:
    return [
        Related(Side(each["side"]), each["entity"], each["entityId"], each["row"])
        for each in json.loads(text or "[]")
    ]


def _image(text: str | None) -> Image | None:
    if text is None:
        return None
    image: Image = json.loads(text)
    return image
