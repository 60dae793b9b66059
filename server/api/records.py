"""How any record stands."""

from __future__ import annotations

from cdc.model import Resolution
from cdc.record_state import State, record_state
from server.api.problem import Problem
from server.api.record_path import read_record
from server.api.route import Call, Document, Route, Routes, Time


class RecordDocument(Document):
    """A record's state; what is about conflicts is of its last one."""

    entity: str
    entity_id: str
    state: State
    since: Time | None
    detected_at: Time | None
    resolved_at: Time | None
    resolution: Resolution | None
    resolved_by: str | None


async def read_record_state(call: Call) -> RecordDocument:
    """Give a record's state, derived from what both databases know."""
    async with call.context.pools.both() as (main, backup):
        entity, entity_id = await read_record(call.request, main)
        found = await record_state(main, backup, entity, entity_id)
    if found is None:
        raise Problem(
            404,
            "table-not-found",
            f"no table {entity} is synced",
            hint="GET /backup/tables lists those that are.",
        )
    return RecordDocument(
        entity=entity,
        entity_id=entity_id,
        state=found.state,
        since=found.since,
        detected_at=found.detected_at,
        resolved_at=found.resolved_at,
        resolution=found.resolution,
        resolved_by=found.resolved_by,
    )


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/records/{entity}/{entityId:[^/]*}",
        handler=read_record_state,
        summary="How a record stands: SYNCED, PENDING, CONFLICT or RESOLVED",
        tag="Conflicts",
        answers={200: RecordDocument},
    ),
)
