"""`cdc conflicts` and `cdc resolve`."""

from __future__ import annotations

from typing import Any

import click

from cdc.conflicts import MOST, Conflict, Filter, list_conflicts
from cdc.decision import Decision
from cdc.errors import ConflictNotFound
from cdc.model import Image, Resolution, Side
from cdc.resolve import Resolver
from server import console
from server.databases import connected, opened, require_installed
from server.problems import time_text
from server.settings import Settings

SHOWN_COLUMNS = 4
SHOWN_VALUE = 40


@click.command()
@click.argument("entity", required=False)
@click.argument("entity_id", metavar="[ID]", required=False)
@click.option("--type", "kind", help="Only conflicts of this type, such as UPDATE_ORIGIN_DIFFERS.")
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@console.json_option
def conflicts(
    *, entity: str | None, entity_id: str | None, kind: str | None, limit: int, as_json: bool
) -> None:
    """List the open conflicts; of one table with ENTITY; one of them side by side with its ID."""
    settings = console.settings(level="WARNING").settings
    found, more = console.finish(_conflicts(settings, Filter(entity=entity, type=kind), limit, entity_id))
    if entity_id is not None and not found:
        raise ConflictNotFound(
            f"{entity} {entity_id} has no open conflict", hint="`cdc conflicts` lists them."
        )
    human = _side_by_side(found[0]) if entity_id is not None else _list(found, more=more)
    document = {"items": [_document(each) for each in found], "more": more}
    console.show(document, human, as_json=as_json)


async def _conflicts(
    settings: Settings, wanted: Filter, limit: int, entity_id: str | None
) -> tuple[list[Conflict], bool]:
    async with opened(settings) as databases, connected(databases, "command") as connections:
        await require_installed(connections)
        main, backup = connections[Side.MAIN], connections[Side.BACKUP]
        if entity_id is None:
            page, following = await list_conflicts(main, backup, wanted, limit=limit)
            return page, following is not None
        after = None
        while True:
            page, after = await list_conflicts(main, backup, wanted, limit=MOST, after=after)
            found = [each for each in page if each.entity_id == entity_id]
            if found or after is None:
                return found, False


@click.command()
@click.argument("entity")
@click.argument("entity_id", metavar="ID")
@click.argument("winner", metavar="MAIN|BACKUP", type=click.Choice([side.value for side in Side]))
@click.option("--version", type=int, help="The version that was looked at; refused if it has moved since.")
@click.option("--reason", help="Kept with the decision.")
@console.json_option
def resolve(
    *, entity: str, entity_id: str, winner: str, version: int | None, reason: str | None, as_json: bool
) -> None:
    """Decide a conflict: that side's row is written to the other; the losing one stays readable."""
    decision = Decision(entity, entity_id, Resolution(winner), console.person(), version, reason)
    row = console.finish(_resolve(console.settings(level="WARNING").settings, decision))
    document = {"entity": entity, "entityId": entity_id, "resolution": winner, "row": row}
    what = "is deleted on both sides" if row is None else f"holds {winner}'s row on both sides"
    console.show(document, f"{entity} {entity_id} {what}.", as_json=as_json)


async def _resolve(settings: Settings, decision: Decision) -> Image | None:
    async with opened(settings) as databases:
        async with connected(databases, "command") as connections:
            await require_installed(connections)
        async with Resolver(databases.main, databases.backup) as resolver:
            return (await resolver.resolve(decision)).row


def _document(conflict: Conflict) -> dict[str, Any]:
    """Give a conflict the contract's form."""
    return {
        "entity": conflict.entity,
        "entityId": conflict.entity_id,
        "type": conflict.type,
        "constraint": conflict.constraint,
        "status": conflict.status.value,
        "error": conflict.error,
        "base": conflict.base,
        "main": conflict.main,
        "backup": conflict.backup,
        "changedColumns": list(conflict.changed_columns),
        "detectedAt": time_text(conflict.detected_at),
        "version": conflict.version,
    }


def _list(found: list[Conflict], *, more: bool) -> Any:
    if not found:
        return "No open conflicts."
    rows = [
        (
            each.entity,
            each.entity_id,
            each.type,
            _summary(each, each.main),
            _summary(each, each.backup),
            time_text(each.detected_at),
        )
        for each in found
    ]
    title = "more than these are open: raise --limit" if more else None
    return console.table("table", "id", "type", "MAIN", "BACKUP", "detected", rows=rows, title=title)


def _summary(conflict: Conflict, image: Image | None) -> str:
    if image is None:
        return "(no row)"
    names = [name for name in conflict.changed_columns if name in image] or list(image)
    shown = ", ".join(f"{name}={_value(image.get(name))}" for name in names[:SHOWN_COLUMNS])
    return shown + (", ..." if len(names) > SHOWN_COLUMNS else "")


def _value(value: str | None) -> str:
    if value is None:
        return "NULL"
    return value if len(value) <= SHOWN_VALUE else value[: SHOWN_VALUE - 3] + "..."


def _side_by_side(conflict: Conflict) -> Any:
    names = list(dict.fromkeys([*(conflict.main or {}), *(conflict.base or {}), *(conflict.backup or {})]))
    rows = [
        (
            "*" if name in conflict.changed_columns else "",
            name,
            *("(no row)" if image is None else _value(image.get(name)) for image in _images(conflict)),
        )
        for name in names
    ]
    title = f"{conflict.entity} {conflict.entity_id}: {conflict.type}, version {conflict.version}"
    if conflict.error:
        title = f"{title}: {conflict.error}"
    return console.table("", "column", "MAIN", "base", "BACKUP", rows=rows, title=title)


def _images(conflict: Conflict) -> tuple[Image | None, Image | None, Image | None]:
    return conflict.main, conflict.base, conflict.backup
