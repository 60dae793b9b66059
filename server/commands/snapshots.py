"""`cdc snapshots` and what can be done with the files."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import click

from cdc.snapshot.catalog import SnapshotInfo
from server import console
from server.commands.performing import operating, perform, report, wait_option
from server.console import Markup
from server.operations.documents import snapshot_document
from server.operations.operations import Operations
from server.operations.tidying import Tidied
from server.problems import time_text
from server.settings import Settings


@click.group(invoke_without_command=True)
@console.json_option
@click.pass_context
def snapshots(context: click.Context, *, as_json: bool) -> None:
    """List the snapshot files, the newest first, or do something with one of them."""
    if context.invoked_subcommand is not None:
        return
    found: list[SnapshotInfo] = console.finish(_with(_quiet(), lambda each: each.snapshots()))
    document = {"items": [snapshot_document(info) for info in found]}
    console.show(document, _table(found), as_json=as_json)


@snapshots.command("verify")
@click.argument("file")
@wait_option
@console.json_option
def verify_file(*, file: str, wait: float, as_json: bool) -> None:
    """Read FILE from end to end: is it whole?"""
    entry = console.finish(
        _with(
            _quiet(),
            lambda each: perform(each, lambda one: one.start_verify_file(console.person(), file), wait),
        )
    )
    report(entry, f"{entry.filepath} is whole: {entry.record_count} rows.", as_json=as_json)


@snapshots.command("test")
@click.argument("file", required=False)
@wait_option
@console.json_option
def try_file(*, file: str | None, wait: float, as_json: bool) -> None:
    """Restore FILE, or the newest verified backup, into a throw-away PostgreSQL and compare every table."""
    entry = console.finish(
        _with(
            _quiet(),
            lambda each: perform(each, lambda one: one.start_restore_test(console.person(), file), wait),
        )
    )
    words = f"{entry.filepath} restores: {entry.record_count} rows came back as they were."
    report(entry, entry.error or words, as_json=as_json)


@snapshots.command()
@click.argument("file")
@console.json_option
def pin(*, file: str, as_json: bool) -> None:
    """Keep FILE whatever the retention says."""
    _pin(file, on=True, as_json=as_json)


@snapshots.command()
@click.argument("file")
@console.json_option
def unpin(*, file: str, as_json: bool) -> None:
    """Leave FILE to the retention again."""
    _pin(file, on=False, as_json=as_json)


@snapshots.command()
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@console.json_option
def prune(*, dry_run: bool, as_json: bool) -> None:
    """Remove what the retention does not keep; every backup does this too."""
    done: Tidied = console.finish(_with(_quiet(), lambda each: each.prune(dry_run=dry_run)))
    removed = {name: done.decision.remove[name] for name in done.removed}
    document = {
        "removed": removed,
        "kept": done.decision.keep,
        "refused": done.refused,
        "overBytes": done.decision.over_bytes,
        "dryRun": dry_run,
    }
    word = "would go" if dry_run else "removed"
    rows = [(name, word, reason) for name, reason in sorted(removed.items())]
    rows += [(name, "cannot be removed", reason) for name, reason in sorted(done.refused.items())]
    rows += [(name, "stays", reason) for name, reason in sorted(done.decision.keep.items())]
    console.show(document, console.table("file", "", "reason", rows=rows), as_json=as_json)
    if done.refused:
        raise SystemExit(1)


@snapshots.command()
@click.argument("file")
@click.option("--yes", is_flag=True, help="Do not ask.")
@console.json_option
def delete(*, file: str, yes: bool, as_json: bool) -> None:
    """Remove FILE for good."""
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody can be asked here: give --yes")
        click.confirm(f"Remove {file} for good?", abort=True, err=True)
    console.finish(_with(_quiet(), lambda each: each.remove(file)))
    console.show({"removed": file}, f"removed: {file}", as_json=as_json)


def _pin(file: str, *, on: bool, as_json: bool) -> None:
    info: SnapshotInfo = console.finish(
        _with(_quiet(), lambda each: each.pin(file, on=on, by=console.person()))
    )
    words = f"{info.name} is kept" if on else f"{info.name} is left to the retention"
    console.show(snapshot_document(info), words, as_json=as_json)


def _quiet() -> Settings:
    return console.settings(level="ERROR").settings


async def _with(settings: Settings, work: Callable[[Operations], Awaitable[Any]]) -> Any:
    async with operating(settings) as operations:
        return await work(operations)


def _table(found: list[SnapshotInfo]) -> Any:
    if not found:
        return "There are no snapshots yet."
    rows = [
        (
            info.name,
            info.type if info.side == "MAIN" else f"{info.type} of {info.side}",
            time_text(info.created_at),
            info.record_count,
            console.size(info.size_bytes),
            Markup(_state(info)),
            time_text(info.tested_at),
            f"by {info.pinned_by}" if info.pinned else None,
        )
        for info in found
    ]
    return console.table("file", "type", "made", "rows", "size", "state", "tested", "pinned", rows=rows)


def _state(info: SnapshotInfo) -> str:
    if info.missing_at is not None:
        return "[red]gone[/red]"
    if info.fault is not None:
        return "[red]damaged[/red]"
    return "[green]verified[/green]" if info.verified_at is not None else "[yellow]not verified[/yellow]"
