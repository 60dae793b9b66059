"""The tables: which are captured on which side, which are not and why, and what is done with their conflicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import asyncpg
from pydantic import Field

from cdc import config, observe
from cdc.model import Side
from cdc.session import Connection
from server.api.policies import PolicyDocument
from server.api.route import Call, Document, Route, Routes, Time
from server.problems import LINK_NAMES
from triggers.catalog import read_catalog
from triggers.choice import TableReport, choose
from triggers.statements import statement


class CapturedDocument(Document):
    """A table on one side."""

    state: str = Field(description="captured, refused or excluded; missing where that side has no such table")
    notes: list[str] = Field(description="Why it is not captured, or what is to be known about it")
    captured_at: Time | None


class TableDocument(Document):
    """A table."""

    entity: str
    key_columns: list[str]
    main: CapturedDocument
    backup: CapturedDocument
    policy: PolicyDocument
    waiting: dict[str, str] = Field(description="Why it waits, by link; empty where it does not")


class TablesDocument(Document):
    """All tables of the synced schemas."""

    items: list[TableDocument]


async def read_tables(call: Call) -> TablesDocument:
    """Give every table with what becomes of it."""
    databases = call.context.databases()
    async with call.context.pools.both() as (main, backup):
        decided = await config.read(main)
        reports, dates = {}, {}
        for side, connection in ((Side.MAIN, main), (Side.BACKUP, backup)):
            schemas = databases.endpoint(side).schemas
            catalog = await read_catalog(connection, schemas)
            chosen = choose(catalog, include=decided.tables.include, exclude=decided.tables.exclude)
            reports[side] = {choice.report.entity: choice.report for choice in chosen}
            dates[side] = await captured(connection)
        waiting = {
            LINK_NAMES[Side.MAIN]: (await observe.link_status(main, backup, Side.MAIN)).held,
            LINK_NAMES[Side.BACKUP]: (await observe.link_status(backup, main, Side.BACKUP)).held,
        }
    names = sorted({*reports[Side.MAIN], *reports[Side.BACKUP]})
    return TablesDocument(
        items=[
            TableDocument(
                entity=name,
                key_columns=_key(reports, name),
                main=_captured(reports[Side.MAIN].get(name), dates[Side.MAIN].get(name)),
                backup=_captured(reports[Side.BACKUP].get(name), dates[Side.BACKUP].get(name)),
                policy=PolicyDocument.of(decided.policy(name)),
                waiting={link: held[name] for link, held in waiting.items() if name in held},
            )
            for name in names
        ]
    )


async def captured(connection: Connection) -> dict[str, datetime]:
    """Read since when tables are captured on a side."""
    rows: list[asyncpg.Record] = await connection.fetch(statement("captured_tables", "server"))
    return {row["entity"]: row["captured_at"] for row in rows}


def _key(reports: Mapping[Side, Mapping[str, TableReport]], name: str) -> list[str]:
    found = [reports[side][name].key_columns for side in Side if name in reports[side]]
    return [*next((key for key in found if key), ())]


def _captured(report: TableReport | None, since: datetime | None) -> CapturedDocument:
    if report is None:
        return CapturedDocument(state="missing", notes=[], captured_at=None)
    state = report.state if since is not None or report.state != "captured" else "waiting"
    return CapturedDocument(state=state, notes=[*report.notes], captured_at=since)


ROUTES: Routes = (
    Route(
        method="GET",
        path="/backup/tables",
        handler=read_tables,
        summary="Tables, captured or not, with their policies",
        tag="Sync",
        answers={200: TablesDocument},
    ),
)
