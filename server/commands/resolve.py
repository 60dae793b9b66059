"""`cdc resolve`: decide one conflict, or all that a filter takes after a look at what that would be."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import click

from cdc.bulk import Bulk
from cdc.conflicts import MOST, Conflict, Filter, list_conflicts
from cdc.decision import Decision, Outcome
from cdc.errors import CdcError
from cdc.model import Resolution, Side
from cdc.resolve import Resolver
from server import console
from server.commands.conflicts import before, column_option, older_option, type_option
from server.conflict_view import as_json as document
from server.conflict_view import listed
from server.databases import connected, opened, require_installed
from server.settings import Settings

SAMPLES = 5
REASONS = 10
USAGE = "cdc resolve ENTITY ID MAIN|BACKUP|MERGE, or cdc resolve --all [ENTITY] MAIN|BACKUP|MERGE"


@dataclass(slots=True)
class Preview:
    """What a filter takes: how many by table and type, and the first few."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    samples: list[Conflict] = field(default_factory=list)

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The counts, as they are printed."""
        return [{"entity": e, "type": t, "count": count} for (e, t), count in sorted(self.counts.items())]


@click.command()
@click.argument("words", nargs=-1, metavar="ENTITY ID MAIN|BACKUP|MERGE")
@click.option("--set", "values", multiple=True, metavar="COLUMN=VALUE", help="With MERGE: a column's value.")
@click.option("--set-null", "nulls", multiple=True, metavar="COLUMN", help="With MERGE: a column is NULL.")
@click.option("--version", type=int, help="The version that was looked at; refused if it has moved since.")
@click.option("--reason", help="Kept with the decision.")
@click.option(
    "--all", "all_", is_flag=True, help="Every open conflict that the options take, of one table or all."
)
@type_option
@older_option
@column_option
@click.option("--dry-run", is_flag=True, help="With --all: only say what would be decided.")
@click.option("--yes", is_flag=True, help="With --all: do not ask.")
@console.json_option
def resolve(
    *,
    words: tuple[str, ...],
    values: tuple[str, ...],
    nulls: tuple[str, ...],
    version: int | None,
    reason: str | None,
    all_: bool,
    kind: str | None,
    older_than: float | None,
    only_column: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Decide a conflict: MAIN's or BACKUP's row is written to the other side, or both are given a MERGE.

    A merge takes what one side alone changed; columns that both changed go by the table's policy or by --set. With
    --all, many at once. Every version that goes stays readable: `cdc conflicts --status resolved`.
    """
    if len(words) not in ({1, 2} if all_ else {3}):
        raise click.UsageError(f"write {USAGE}")
    if words[-1] not in set(Resolution):
        raise click.UsageError(f"{words[-1]} is none of MAIN, BACKUP, MERGE: write {USAGE}")
    resolution, given = Resolution(words[-1]), _values(values, nulls)
    if given and resolution is not Resolution.MERGE:
        raise click.UsageError("--set goes with MERGE")
    if not all_ and (kind or older_than is not None or only_column or dry_run):
        raise click.UsageError("this goes with --all")
    settings = console.settings(level="WARNING").settings
    if not all_:
        decision = Decision(words[0], words[1], resolution, console.person(), version, reason, given)
        outcome = console.finish(_one(settings, decision))
        console.show(_outcome(outcome), _told(outcome), as_json=as_json)
        return
    wanted = Filter(
        entity=words[0] if len(words) > 1 else None,
        type=kind,
        before=before(older_than),
        only_column=only_column,
    )
    preview = console.finish(_preview(settings, wanted))
    _confirm(preview, resolution, dry_run=dry_run, yes=yes, as_json=as_json)
    if dry_run or not preview.counts:
        return
    bulk = console.finish(_many(settings, wanted, resolution, reason, given))
    refused = [
        {"entity": entity, "entityId": entity_id, "error": str(error)}
        for (entity, entity_id), error in bulk.refused.items()
    ]
    console.show({"resolved": bulk.resolved, "refused": refused}, _bulk(bulk), as_json=as_json)
    if bulk.refused:
        click.get_current_context().exit(1)


def _values(values: tuple[str, ...], nulls: tuple[str, ...]) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(nulls)
    for each in values:
        name, sign, value = each.partition("=")
        if not sign or name in found:
            raise click.UsageError(f"{each}: write --set COLUMN=VALUE, once for each column")
        found[name] = value
    return found


def _confirm(preview: Preview, resolution: Resolution, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Show what would be decided, and ask where somebody is there to answer."""
    total = sum(preview.counts.values())
    if dry_run or not total:
        sample = [document(each) for each in preview.samples]
        shown = {"wouldResolve": total, "groups": preview.groups, "sample": sample}
        human = listed(preview.samples, more=total > SAMPLES, groups=preview.groups, status="open")
        console.show(shown, human, as_json=as_json)
        return
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise click.UsageError(
            f"{total} conflicts would be resolved as {resolution}: say --yes, or --dry-run"
        )
    console.console().print(
        listed(preview.samples, more=total > SAMPLES, groups=preview.groups, status="open")
    )
    click.confirm(f"Resolve {total} conflicts as {resolution}?", abort=True)


async def _one(settings: Settings, decision: Decision) -> Outcome:
    async with opened(settings) as databases:
        async with connected(databases, "command") as connections:
            await require_installed(connections)
        async with Resolver(databases.main, databases.backup) as resolver:
            return await resolver.resolve(decision)


async def _preview(settings: Settings, wanted: Filter) -> Preview:
    preview = Preview()
    async with opened(settings) as databases, connected(databases, "command") as connections:
        await require_installed(connections)
        after = None
        while True:
            page, after = await list_conflicts(
                connections[Side.MAIN], connections[Side.BACKUP], wanted, limit=MOST, after=after
            )
            for each in page:
                preview.counts[each.entity, each.type] = preview.counts.get((each.entity, each.type), 0) + 1
            preview.samples += page[: SAMPLES - len(preview.samples)]
            if after is None:
                return preview


async def _many(
    settings: Settings,
    wanted: Filter,
    resolution: Resolution,
    reason: str | None,
    values: dict[str, str | None],
) -> Bulk:
    async with opened(settings) as databases, Resolver(databases.main, databases.backup) as resolver:
        return await resolver.resolve_many(
            wanted, resolution, by=console.person(), reason=reason, values=values
        )


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "entity": outcome.entity,
        "entityId": outcome.entity_id,
        "resolution": outcome.resolution.value,
        "row": outcome.row,
    }


def _told(outcome: Outcome) -> str:
    what = "is deleted on both sides" if outcome.row is None else "is the same row on both sides"
    return f"{outcome.entity} {outcome.entity_id}: resolved as {outcome.resolution}, {what}."


def _bulk(bulk: Bulk) -> str:
    lines = [f"{bulk.resolved:,} resolved, {len(bulk.refused):,} not."]
    for (entity, entity_id), error in [*bulk.refused.items()][:REASONS]:
        lines.append(f"  {entity} {entity_id}: {_short(error)}")
    return "\n".join(lines)


def _short(error: CdcError) -> str:
    return str(error).splitlines()[0]
