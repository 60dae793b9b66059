"""Decisions on conflicts: on one, or on all that a filter takes."""

from __future__ import annotations

from collections import Counter
from typing import Final

from pydantic import AwareDatetime, Field

from cdc.conflicts import MOST, Conflict, Filter, list_conflicts
from cdc.decision import Decision
from cdc.errors import CdcError, ConflictMoved
from cdc.model import ConflictType, Image, Resolution
from cdc.resolve import Resolver
from server.api.conflicts import ConflictDocument
from server.api.problem import Problem
from server.api.record_path import read_record
from server.api.route import Body, Call, Document, Route, Routes, Text

LONGEST_REASON: Final = 2_000
MOST_COUNTED: Final = 10_000
"""Conflicts that a preview counts."""
SHOWN: Final = 20
"""Conflicts that a preview shows, and refusals that an answer lists."""


class Deciding(Body):
    """What is decided."""

    resolution: Resolution
    values: dict[Text, Text | None] = Field(
        {},
        max_length=2_000,
        description="For MERGE: texts by column, null is NULL; they count before strategies",
    )
    reason: Text | None = Field(None, max_length=LONGEST_REASON, description="Kept with the decision")


class DecisionBody(Deciding):
    """A decision on one conflict."""

    version: int | None = Field(
        None, description="Of the conflict that was looked at: refused with 409 if it has moved since"
    )


class ManyBody(Deciding):
    """A decision on all open conflicts that a filter takes."""

    entity: Text | None = Field(None, max_length=200, description="Only of this table")
    type: ConflictType | None = Field(None, description="Only of this type")
    only_column: Text | None = Field(None, max_length=200, description="Only where just this column differs")
    detected_before: AwareDatetime | None = Field(None, description="Only those detected before then")
    preview: bool = Field(default=False, description="Only say what it would decide on; nothing is written")


class OutcomeDocument(Document):
    """A decision that was carried out."""

    entity: str
    entity_id: str
    resolution: Resolution
    status: str = "RESOLVED"
    row: Image | None = Field(description="What both sides hold now; null: it is deleted on both")


class RefusedDocument(Document):
    """A conflict that stays open, and why."""

    entity: str
    entity_id: str
    detail: str


class ManyDocument(Document):
    """What deciding on many led to; with `preview` what it would be about."""

    preview: bool
    matching: int = Field(description="Conflicts that the filter takes; counting ends at 10000")
    by_entity: dict[str, int]
    items: list[ConflictDocument] = Field(description="The first of them, with `preview`")
    resolved: int
    refused: list[RefusedDocument] = Field(description="The first of those that stay open")
    refused_total: int


async def resolve_conflict(call: Call) -> OutcomeDocument:
    """Decide on one conflict."""
    wanted = call.body(DecisionBody)
    async with call.context.pools.both() as (main, _):
        entity, entity_id = await read_record(call.request, main)
    decision = Decision(
        entity,
        entity_id,
        wanted.resolution,
        call.identity.actor,
        wanted.version,
        wanted.reason,
        wanted.values,
    )
    databases = call.context.databases()
    async with call.context.decisions, Resolver(databases.main, databases.backup) as resolver:
        try:
            outcome = await resolver.resolve(decision)
        except ConflictMoved as error:
            raise _moved(error) from error
    return OutcomeDocument(entity=entity, entity_id=entity_id, resolution=outcome.resolution, row=outcome.row)


async def resolve_conflicts(call: Call) -> ManyDocument:
    """Decide on many conflicts, or say which they would be."""
    wanted = call.body(ManyBody)
    chosen = Filter(
        entity=wanted.entity,
        type=wanted.type,
        before=wanted.detected_before,
        only_column=wanted.only_column,
    )
    if wanted.preview:
        return await _previewed(call, chosen)
    databases = call.context.databases()
    async with call.context.decisions, Resolver(databases.main, databases.backup) as resolver:
        done = await resolver.resolve_many(
            chosen, wanted.resolution, by=call.identity.actor, reason=wanted.reason, values=wanted.values
        )
    refused = [
        RefusedDocument(entity=entity, entity_id=entity_id, detail=_reason(error))
        for (entity, entity_id), error in list(done.refused.items())[:SHOWN]
    ]
    return ManyDocument(
        preview=False,
        matching=done.resolved + len(done.refused),
        by_entity={},
        items=[],
        resolved=done.resolved,
        refused=refused,
        refused_total=len(done.refused),
    )


async def _previewed(call: Call, chosen: Filter) -> ManyDocument:
    tables: Counter[str] = Counter()
    shown: list[ConflictDocument] = []
    after = None
    async with call.context.pools.both() as (main, backup):
        while True:
            page, after = await list_conflicts(main, backup, chosen, limit=MOST, after=after)
            tables.update(each.entity for each in page)
            shown += [ConflictDocument.of(each) for each in page[: SHOWN - len(shown)]]
            if after is None or tables.total() >= MOST_COUNTED:
                break
    return ManyDocument(
        preview=True,
        matching=tables.total(),
        by_entity=dict(tables),
        items=shown,
        resolved=0,
        refused=[],
        refused_total=0,
    )


def _moved(error: ConflictMoved) -> Problem:
    members = {}
    if isinstance(error.current, Conflict):
        members["current"] = ConflictDocument.of(error.current).model_dump(mode="json", by_alias=True)
    return Problem(409, "conflict-moved", str(error), hint=error.hint, members=members)


def _reason(error: CdcError) -> str:
    return f"{error}. {error.hint}" if error.hint else str(error)


ROUTES: Routes = (
    Route(
        method="POST",
        path="/backup/conflicts/{entity}/{entityId:[^/]*}/resolve",
        handler=resolve_conflict,
        summary="Decide a conflict: MAIN's row, BACKUP's, or both merged",
        tag="Conflicts",
        answers={200: OutcomeDocument},
        refusals={
            404: "The record has no open conflict",
            409: "It has moved since it was looked at (`current` is how it is now), or is being changed",
            422: "A merge leaves columns to decide (`missing`), or a side cannot hold the row",
        },
        body=DecisionBody,
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/conflicts/resolve",
        handler=resolve_conflicts,
        summary="Decide all open conflicts that a filter takes, or preview that",
        tag="Conflicts",
        answers={200: ManyDocument},
        body=ManyBody,
        changes=True,
    ),
)
