"""Restores as operations: what would be written, or what was, after the target was saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cdc.snapshot.history import Ending, Status
from cdc.snapshot.plan import Counts
from server.operations.request import RestoreRequest
from server.operations.run import Run
from server.operations.workshop import Workshop
from server.operations.writing import save, told

SAMPLES: Final = 5
"""Records of each table that a preview names."""


async def restored(shop: Workshop, run: Run, name: str, request: RestoreRequest) -> Ending:
    """Restore a file of the store, or only say what that would write.

    Raises:
        CdcError: nothing was written.
    """
    from cdc.snapshot.restore import preview, restore  # noqa: PLC0415 - slow to import, and rarely needed

    filepath = shop.store.filepath(name)
    if request.dry_run:
        plan = await preview(
            shop.store,
            name,
            shop.databases.endpoint(request.target),
            tables=request.tables,
            samples=SAMPLES,
            key=shop.key,
            progress=lambda progress: told(run, progress),
        )
        detail = {
            "tables": _counts(plan.tables),
            "notes": list(plan.notes),
            "creates": plan.creates,
            "samples": {
                entity: [{"kind": each.kind, "entityId": each.entity_id} for each in found]
                for entity, found in plan.samples.items()
            },
        }
        return Ending(Status.COMPLETED, filepath=filepath, detail=detail)
    saved = await save(shop, run, request.target)
    done = await restore(
        shop.store,
        name,
        shop.databases.endpoint(request.target),
        shop.databases.endpoint(request.target.other),
        tables=request.tables,
        propagate=request.follows,
        by=run.entry.actor or "",
        two_way=shop.settings.enable_two_way_sync,
        key=shop.key,
        progress=lambda progress: told(run, progress),
    )
    detail = {
        "tables": _counts(done.tables),
        "notes": list(done.notes),
        "safety": saved.filepath,
        "created": done.created,
        "paused": done.paused,
    }
    return Ending(Status.COMPLETED, record_count=done.record_count, filepath=filepath, detail=detail)


def _counts(tables: Mapping[str, Counts]) -> dict[str, Any]:
    return {
        entity: {
            "inserted": each.inserted,
            "updated": each.updated,
            "deleted": each.deleted,
            "unchanged": each.unchanged,
        }
        for entity, each in tables.items()
    }
