"""`cdc conflicts`: what is open, as a table; one of them with both sides and their base beside each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from cdc.conflicts import MOST, Conflict, Filter, get_conflict, list_conflicts
from cdc.model import ConflictStatus, ConflictType, Side
from cdc.observe import Conflicts, open_conflicts
from server import console
from server.conflict_view import as_json as document
from server.conflict_view import listed, side_by_side
from server.databases import connected, opened, require_installed
from server.settings import Settings

SHOWN = {
    "open": (ConflictStatus.OPEN,),
    "resolved": (ConflictStatus.RESOLVED, ConflictStatus.CONVERGED),
    "all": (ConflictStatus.OPEN, ConflictStatus.RESOLVED, ConflictStatus.CONVERGED),
}

type_option = click.option(
    "--type",
    "kind",
    type=click.Choice([each.value for each in ConflictType]),
    help="Only conflicts of this type.",
)
older_option = click.option(
    "--older-than", type=click.FloatRange(min=0), metavar="HOURS", help="Only those detected before then."
)
column_option = click.option(
    "--only-column", metavar="NAME", help="Only those whose rows differ in this column alone."
)


@click.command()
@click.argument("entity", required=False)
@click.argument("entity_id", metavar="[ID]", required=False)
@click.option("--status", type=click.Choice([*SHOWN]), default="open", show_default=True)
@type_option
@older_option
@column_option
@click.option("--limit", type=click.IntRange(1, MOST), default=50, show_default=True)
@console.json_option
def conflicts(
    *,
    entity: str | None,
    entity_id: str | None,
    status: str,
    kind: str | None,
    older_than: float | None,
    only_column: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the open conflicts; of one table with ENTITY; one of them side by side with its ID."""
    settings = console.settings(level="WARNING").settings
    if entity is not None and entity_id is not None:
        found = console.finish(_one(settings, entity, entity_id))
        console.show({"items": [document(found)], "more": False}, side_by_side(found), as_json=as_json)
        return
    wanted = Filter(SHOWN[status], entity, kind, before(older_than), only_column)
    page, more, groups = console.finish(_some(settings, wanted, limit))
    shown = {"items": [document(each) for each in page], "more": more, "open": [*_counted(groups)]}
    human = listed(page, more=more, groups=[*_counted(groups)], status=status)
    console.show(shown, human, as_json=as_json)


def before(hours: float | None) -> datetime | None:
    """The moment so many hours ago."""
    return None if hours is None else datetime.now(UTC) - timedelta(hours=hours)


async def _one(settings: Settings, entity: str, entity_id: str) -> Conflict:
    async with opened(settings) as databases, connected(databases, "command") as connections:
        await require_installed(connections)
        return await get_conflict(connections[Side.MAIN], connections[Side.BACKUP], entity, entity_id)


async def _some(settings: Settings, wanted: Filter, limit: int) -> tuple[list[Conflict], bool, Conflicts]:
    """The first conflicts that a filter takes, whether there are more, and what is open in all."""
    async with opened(settings) as databases, connected(databases, "command") as connections:
        await require_installed(connections)
        main, backup = connections[Side.MAIN], connections[Side.BACKUP]
        found: list[Conflict] = []
        after = None
        while len(found) <= limit:
            size = min(limit + 1, MOST) if wanted.only_column is None else MOST
            page, after = await list_conflicts(main, backup, wanted, limit=size, after=after)
            found += page
            if after is None:
                break
        return found[:limit], len(found) > limit or after is not None, await open_conflicts(main, backup)


def _counted(groups: Conflicts) -> list[dict[str, str | int]]:
    counts: dict[tuple[str, str], int] = {}
    for (entity, _), kind in groups.records.items():
        counts[entity, kind] = counts.get((entity, kind), 0) + 1
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"entity": entity, "type": kind, "count": count} for (entity, kind), count in most_first]
