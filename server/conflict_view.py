"""Conflicts as people and machines read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text

from cdc.conflicts import Conflict
from cdc.model import ConflictStatus, Image
from server import console
from server.console import Markup
from server.problems import time_text

SHOWN_COLUMNS = 4
SHOWN_VALUE = 40
GROUPS = 10


def as_json(conflict: Conflict) -> dict[str, Any]:
    """Give a conflict the contract's form."""
    return {
        "entity": conflict.entity,
        "entityId": conflict.entity_id,
        "type": conflict.type,
        "constraint": conflict.constraint,
        "related": [
            {
                "side": each.side.value,
                "entity": each.entity,
                "entityId": each.entity_id,
                "row": each.row,
            }
            for each in conflict.related
        ],
        "status": conflict.status.value,
        "error": conflict.error,
        "reason": conflict.reason,
        "base": conflict.base,
        "main": conflict.main,
        "backup": conflict.backup,
        "merged": conflict.merged,
        "changedColumns": list(conflict.changed_columns),
        "detectedAt": time_text(conflict.detected_at),
        "version": conflict.version,
        "resolution": conflict.resolution.value if conflict.resolution else None,
        "resolvedBy": conflict.resolved_by,
        "resolvedAt": time_text(conflict.resolved_at),
    }


def listed(
    found: Sequence[Conflict], *, more: bool, groups: Sequence[Mapping[str, Any]], status: str
) -> RenderableType:
    """A page of conflicts as a table, with what is open in all below it."""
    if not found:
        return "No open conflicts." if status == "open" else "No conflicts."
    rows = [
        (
            each.entity,
            each.entity_id,
            each.type if each.status is ConflictStatus.OPEN else f"{each.type} {each.status}",
            _summary(each, each.main),
            _summary(each, each.backup),
            time_text(each.detected_at),
        )
        for each in found
    ]
    lines: list[RenderableType] = [
        console.table("table", "id", "type", "MAIN", "BACKUP", "detected", rows=rows)
    ]
    if more:
        total = sum(group["count"] for group in groups)
        shown = ", ".join(f"{g['entity']} {g['type']} {g['count']:,}" for g in groups[:GROUPS])
        lines.append(Text(f"{len(found)} shown; open in all: {total:,} ({shown})"))
    return Group(*lines)


def side_by_side(conflict: Conflict) -> RenderableType:
    """One conflict, column by column: MAIN, what both once had, BACKUP."""
    names = list(dict.fromkeys([*(conflict.main or {}), *(conflict.base or {}), *(conflict.backup or {})]))
    rows = [_column(conflict, name) for name in names]
    title = f"{conflict.entity} {conflict.entity_id}: {conflict.type}, {conflict.status}, version {conflict.version}"
    notes = [
        f"{name}: {text}" for name, text in (("error", conflict.error), ("why", conflict.reason)) if text
    ]
    notes += [
        f"{'in its way' if each.row else 'missing'} on {each.side}: {each.entity} {each.entity_id}"
        + (f" ({', '.join(f'{n}={_value(v)}' for n, v in each.row.items())})" if each.row else "")
        for each in conflict.related
    ]
    if conflict.resolution is not None:
        at = time_text(conflict.resolved_at)
        notes.append(f"resolved as {conflict.resolution} by {conflict.resolved_by} at {at}")
    legend = "< changed on MAIN   > changed on BACKUP   * changed on both, differently"
    table = console.table("", "column", "MAIN", "base", "BACKUP", rows=rows, title=escape(title))
    return Group(table, Text(legend, style="dim"), *(Text(note) for note in notes))


def _column(conflict: Conflict, name: str) -> tuple[str, ...]:
    base, main, backup = conflict.base, conflict.main, conflict.backup
    here, there = _cell(main, name), _cell(backup, name)
    was = _cell(base, name) if base is not None else ""
    at_main = base is None or main is None or main.get(name) != base.get(name)
    at_backup = base is None or backup is None or backup.get(name) != base.get(name)
    if name not in conflict.changed_columns:
        return "", name, here, was, there
    mark = "*" if at_main and at_backup else "<" if at_main else ">"
    return (
        mark,
        name,
        Markup(f"[bold yellow]{escape(here)}[/bold yellow]") if at_main else here,
        was,
        Markup(f"[bold cyan]{escape(there)}[/bold cyan]") if at_backup else there,
    )


def _cell(image: Image | None, name: str) -> str:
    return "(no row)" if image is None else _value(image.get(name))


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
