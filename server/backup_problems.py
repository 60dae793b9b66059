"""What is wrong with backups, each with what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from cdc.snapshot.facts import BackupFacts
from cdc.snapshot.history import Entry, Status
from server.problems import Problem, problem, time_text
from server.rhythm import Rhythm


def backup_problems(
    rhythm: Rhythm, facts: BackupFacts, service: Mapping[str, Any] | None
) -> Iterator[Problem]:
    """Go through everything that can be wrong with backups, the worst first.

    Args:
        rhythm: how often they are to be made.
        facts: what the history and the files say.
        service: what the working service says of itself; None where none works.
    """
    if facts.last is not None and facts.last.status is Status.FAILED:
        yield problem(
            "backup-failed",
            "error",
            f"the last backup failed: {facts.last.error}",
            _hint(facts.last, "The history says more: `cdc history`."),
        )
    yield from _overdue(rhythm, facts, service)
    if facts.damaged:
        yield problem(
            "snapshots-damaged",
            "error",
            f"{_files(facts.damaged)} not whole",
            "`cdc snapshots` names them. They are kept for you to look at; `cdc snapshots delete` removes one.",
        )
    if facts.missing:
        yield problem(
            "snapshots-missing",
            "warning",
            f"{_files(facts.missing)} gone, though nothing here removed them",
            "`cdc snapshots` names them. Put them back into BACKUP_DIR, or let this pass: it does after a day.",
        )
    yield from _trial(facts)
    yield from _last(rhythm, facts)


def _overdue(rhythm: Rhythm, facts: BackupFacts, service: Mapping[str, Any] | None) -> Iterator[Problem]:
    """Watch the age of the last good backup; before the first one, how long the next is due."""
    hint = "`cdc history` shows what became of the last ones, `cdc backup` makes one now."
    if facts.good is not None:
        if facts.now > rhythm.alarm(facts.good.started_at):
            age = _words(facts.now - facts.good.started_at)
            yield problem("backup-overdue", "error", f"the last good backup is {age} old", hint)
        return
    due = ((service or {}).get("backup") or {}).get("next")
    if due is not None and facts.now > rhythm.alarm(datetime.fromisoformat(str(due))):
        yield problem("backup-overdue", "error", "there is no good backup yet, though one is due", hint)


def _trial(facts: BackupFacts) -> Iterator[Problem]:
    trial = facts.trial
    if trial is None:
        return
    if trial.status is Status.FAILED:
        yield problem(
            "restore-test-failed",
            "error",
            f"a backup could not be restored for trial at {time_text(trial.started_at)}: {trial.error}",
            _hint(trial, "`cdc snapshots test` tries again, `cdc snapshots verify FILE` reads the file."),
        )
    elif trial.status is Status.NOT_TESTABLE:
        yield problem(
            "restore-test-impossible",
            "info",
            f"backups cannot be restored for trial here: {trial.error}",
            "Try one by hand on a server that has it. RESTORE_TEST_INTERVAL_HOURS=0 ends the attempts.",
        )


def _last(rhythm: Rhythm, facts: BackupFacts) -> Iterator[Problem]:
    """Say what the last backup had to say beside its file."""
    good = facts.good
    if good is None:
        return
    gap = rhythm.gap(good.started_at)
    if good.duration_ms is not None and timedelta(milliseconds=good.duration_ms) > gap / 2:
        yield problem(
            "backup-slow",
            "warning",
            f"the last backup took {good.duration_ms / 1000:.0f} s, more than half of {_words(gap)}",
            "Raise BACKUP_INTERVAL_SECONDS, or give MAIN and BACKUP_DIR more to work with.",
        )
    complete = good.detail.get("backupDatabase") or {}
    if complete.get("complete") is False:
        yield problem(
            "backup-database-behind",
            "warning",
            f"BACKUP did not hold everything when the last backup was made: {complete.get('reason')}",
            "It goes on by itself unless a link is paused or stopped; `cdc status` shows the links.",
        )
    retention = good.detail.get("retention") or {}
    if retention.get("error") or retention.get("refused"):
        what = retention.get("error") or "; ".join(retention["refused"].values())
        yield problem(
            "retention-failed",
            "warning",
            f"old snapshots cannot be removed: {what}",
            "Check the rights on BACKUP_DIR; `cdc snapshots prune --dry-run` shows what would go.",
        )
    if retention.get("overBytes"):
        yield problem(
            "retention-over-limit",
            "warning",
            f"the snapshots that must be kept take {retention['overBytes']} bytes more than BACKUP_MAX_BYTES",
            "Raise BACKUP_MAX_BYTES, or unpin or delete some: `cdc snapshots`.",
        )


def _hint(entry: Entry, otherwise: str) -> str:
    return str(entry.detail.get("hint") or otherwise)


def _files(count: int) -> str:
    return "1 snapshot file is" if count == 1 else f"{count} snapshot files are"


def _words(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes < 1:
        return f"{span.total_seconds():.0f} seconds"
    return f"{minutes} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"  # noqa: PLR2004 - reads better
