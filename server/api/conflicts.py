"""Conflicts: listed, looked at."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from cdc.conflicts import Conflict, Filter, get_conflict, list_conflicts
from cdc.model import ConflictStatus, ConflictType, Image, Resolution, Side
from server.api.paging import decode, encode
from server.api.record_path import read_record
from server.api.route import Call, Document, Page, Route, Routes, Text, Time


class WantedStatus(StrEnum):
    """Which conflicts: those that wait for a decision, or those that were."""

    OPEN = "open"
    RESOLVED = "resolved"
    CONVERGED = "converged"
    ALL = "all"


class ConflictsQuery(Page):
    """Which conflicts are wanted."""

    status: WantedStatus = WantedStatus.OPEN
    entity: Text | None = Field(None, max_length=200)
    type: ConflictType | None = None


class RelatedDocument(Document):
    """A record that stands in the way."""

    side: Side
    entity: str
    entity_id: str
    row: Image | None


class ConflictDocument(Document):
    """One record's conflict. Values are texts as PostgreSQL prints them; a row that is not there is null."""

    entity: str
    entity_id: str
    type: str
    constraint: str | None
    related: list[RelatedDocument]
    status: ConflictStatus
    error: str | None
    base: Image | None = Field(description="The row that both sides once had")
    main: Image | None
    backup: Image | None
    changed_columns: list[str] = Field(description="Columns in which the two rows differ")
    detected_at: Time
    version: int = Field(description="Rises whenever more is learned of it; a decision can name it")
    resolution: Resolution | None
    resolved_by: str | None
    resolved_at: Time | None
    reason: str | None
    merged: Image | None = Field(description="The row that both sides were given by a merge")

    @classmethod
    def of(cls, conflict: Conflict) -> ConflictDocument:
        """Give a conflict its form."""
        fields = {name: getattr(conflict, name) for name in cls.model_fields if name != "related"}
        related = [
            RelatedDocument(side=each.side, entity=each.entity, entity_id=each.entity_id, row=each.row)
            for each in conflict.related
        ]
        return cls.model_validate(
            {**fields, "related": related, "changed_columns": [*conflict.changed_columns]}
        )


class ConflictsDocument(Document):
    """A page of conflicts, by table and key."""

    items: list[ConflictDocument]
    next_cursor: str | None


_STATUSES = {
    WantedStatus.OPEN: (ConflictStatus.OPEN,),
    WantedStatus.RESOLVED: (ConflictStatus.RESOLVED,),
    WantedStatus.CONVERGED: (ConflictStatus.CONVERGED,),
    WantedStatus.ALL: (ConflictStatus.OPEN, ConflictStatus.RESOLVED, ConflictStatus.CONVERGED),
}


async def read_conflicts(call: Call) -> ConflictsDocument:
    """Give a page of conflicts, one item per record."""
    wanted = call.query(ConflictsQuery)
    place = decode(wanted.cursor, str, str)
    after = None if place is None else (str(place[0]), str(place[1]))
    chosen = Filter(_STATUSES[wanted.status], wanted.entity, wanted.type)
    async with call.context.pools.both() as (main, backup):
        page, following = await list_conflicts(main, backup, chosen, limit=wanted.limit, after=after)
    return ConflictsDocument(
        items=[ConflictDocument.of(each) for each in page], next_cursor=encode(following)
    )


async def read_conflict(call: Call) -> ConflictDocument:
    """Give one record's conflict: the open one, else the last."""
    async with call.context.pools.both() as (main, backup):
        entity, entity_id = await read_record(call.request, main)
        return ConflictDocument.of(await get_conflict(main, backup, entity, entity_id))


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/conflicts",
        handler=read_conflicts,
        summary="Conflicts, one for each record however many links met it",
        tag="Conflicts",
        answers={200: ConflictsDocument},
        query=ConflictsQuery,
    ),
    Route(
        method="GET",
        path="/backup/conflicts/{entity}/{entityId:[^/]*}",
        handler=read_conflict,
        summary="One record's conflict",
        tag="Conflicts",
        answers={200: ConflictDocument},
    ),
)
