"""Both databases compared on demand."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from cdc.model import Side
from cdc.snapshot.history import Entry
from server.api.history import EntryDocument
from server.api.operations import BUSY, FAILED, Wait, answered
from server.api.route import Body, Call, Reply, Route, Routes, Text

MOST_TABLES: Final = 1_000


class VerifyBody(Body):
    """What is compared."""

    tables: list[Text] = Field(
        [], max_length=MOST_TABLES, description="Only these; all that are synced where empty"
    )
    repair: Side | None = Field(
        None,
        description="The side whose differing rows are made equal to the other's; nothing is written without",
    )


class VerifyDocument(EntryDocument):
    """A finished comparison."""

    equal: bool | None
    tables: dict[str, dict[str, Any]] = Field(
        description="By table: rows on both sides, and those that differ"
    )


async def verify_sides(call: Call) -> Reply:
    """Compare both databases, and answer when it is done unless told otherwise."""
    wanted = call.body(VerifyBody)
    number = await call.context.operations().start_verify(
        call.identity.actor, repair=wanted.repair, tables=tuple(wanted.tables)
    )
    return await answered(call, number, _verified)


def _verified(entry: Entry) -> VerifyDocument:
    fields = EntryDocument.of(entry).model_dump()
    return VerifyDocument(**fields, equal=entry.detail.get("equal"), tables=entry.detail.get("tables") or {})


ROUTES: Routes = (
    Route(
        method="POST",
        path="/backup/verify",
        handler=verify_sides,
        summary="Compare both databases; make one side right again if told to",
        tag="Operations",
        answers={200: VerifyDocument, 202: EntryDocument},
        refusals={**BUSY, **FAILED},
        query=Wait,
        body=VerifyBody,
        changes=True,
    ),
)
